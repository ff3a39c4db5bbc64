/** The steps on a fresh machine, in order. Each is a bash script that runs as root in the copy of the checkout. */

export interface Step {
  readonly name: string;
  /** What must hold after the step. */
  readonly claim: string;
  readonly script: string;
  /** Time limit on an ordinary machine, s; multiplied by the patience on a slow one. */
  readonly limitS: number;
  /** The machine is rebooted after the script. */
  readonly reboots?: true;
}

export interface Tried {
  /** Name of the environment. */
  readonly env: string;
  /** Value of `--with`. */
  readonly words: string;
  /** Whether an archive of programs and images was copied to the machine. */
  readonly archive: boolean;
}

/** Folder for all files on the remote machine; the copy of the checkout is in `checkout`. */
export const WORK = '/var/tmp/plumbline-fresh';

/** Usual port of a registry. A foreign server is started on it, and must survive. */
const STRANGERS_PORT = 5000;

const PLUMBLINE = 'node_modules/.bin/node cli/plumbline.mjs';
const LOOK = 'bash scripts/fresh-machine/look.sh';
/** Cgroups and the agent of the pod injector. */
const PIECES = ['cgroup2', 'agent'].map((name) => `without-cluster/${name}`);
const WITH_CLUSTER = ['nodes', 'faults', 'services'].map((name) => `integration/${name}`);

const itests = (names: readonly string[]): string =>
  `node_modules/.bin/node --test --test-concurrency=1 ${names.map((name) => `tests/${name}.itest.ts`).join(' ')}`;

/** Fails unless `look.sh` prints the same as at the beginning. */
const asBefore = (after: string): string =>
  `${LOOK} >${WORK}/${after}.txt && diff -u ${WORK}/before.txt ${WORK}/${after}.txt`;

export function stepsFor({ env, words, archive }: Tried): Step[] {
  const up = `${PLUMBLINE} env up --env ${env} --with ${words}`;
  return [
    {
      name: 'strangers',
      claim:
        'a foreign registry on its usual port, and a firewall that accepts and forwards nothing, also on bridges',
      limitS: 120,
      // A transient unit, so that it is not among the enabled units.
      script: `systemd-run --unit=stranger --quiet $PWD/node_modules/.bin/node -e 'require("node:http").createServer((_, reply) => reply.end("{}")).listen(${STRANGERS_PORT})'
command -v nft >/dev/null || { echo 'install nft on this machine first: the test needs a firewall'; exit 1; }
# Docker does the same.
modprobe br_netfilter && echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables || exit 1
nft -f - <<'RULES' || exit 1
table inet stranger {
  chain input {
    type filter hook input priority filter; policy drop;
    iif lo accept
    ct state established,related accept
    tcp dport 22 accept
  }
  chain forward { type filter hook forward priority filter; policy drop; }
}
RULES
until ss -Hltn | grep -q ':${STRANGERS_PORT} '; do sleep 0.2; done
${LOOK} >${WORK}/before.txt; cat ${WORK}/before.txt`,
    },
    {
      name: 'check',
      claim: '`env check` says that the machine is ready, or exactly what is missing, and changes nothing',
      limitS: 120,
      script: `${PLUMBLINE} env check --env ${env} | tee ${WORK}/check.txt; code=$?
${asBefore('checked')} || exit 1
[ $code = 0 ] || { [ $code = 64 ] && grep -q 'this machine is not ready for' ${WORK}/check.txt; }`,
    },
    ...(archive
      ? [
          {
            name: 'unpack',
            claim: 'programs and images are taken from the archive, and nothing has to be compiled',
            limitS: 300,
            script: `${PLUMBLINE} toolchain unpack ${WORK}/plumbline.tar.zst && ${PLUMBLINE} env check --env ${env}`,
          },
        ]
      : []),
    {
      name: 'pieces',
      claim: 'both injectors freeze, thaw and kill processes with proof',
      limitS: 300,
      script: itests(PIECES),
    },
    { name: 'up', claim: 'the environment is provisioned', limitS: 1200, script: up },
    {
      name: 'limits',
      claim: 'the kernel has the memory limits that pods declare',
      limitS: 120,
      script: `node_modules/.bin/node scripts/fresh-machine/limits.ts ${env}`,
    },
    {
      name: 'nodes',
      claim: 'nodes stop and start, links are cut, containers freeze, and everything is restored',
      limitS: 900,
      script: itests(WITH_CLUSTER),
    },
    {
      name: 'strangers-live',
      claim: 'the foreign registry listens, and the rules of the firewall are in force',
      limitS: 60,
      script: `ss -Hltn | grep -q ':${STRANGERS_PORT} ' && nft list table inet stranger | grep -q 'policy drop'`,
    },
    {
      name: 'down',
      claim: '`env down` leaves nothing',
      limitS: 300,
      script: `${PLUMBLINE} env down --env ${env} || exit 1
${asBefore('down')}`,
    },
    {
      name: 'killed',
      claim: '`env down` leaves nothing of an environment whose provisioning was killed in the middle',
      limitS: 600,
      script: `setsid ${up} & pid=$!
for _ in $(seq 3000); do find /sys/fs/cgroup -maxdepth 4 -type d -path '*/plumbline/${env}/control-1' | grep -q . && break; sleep 0.1; done
sleep 5; kill -9 -- -$pid; wait $pid 2>/dev/null
${PLUMBLINE} env down --env ${env} || exit 1
${asBefore('killed')}`,
    },
    {
      name: 'reboot',
      claim: 'after a reboot nothing of an environment that was up runs, and `env down` removes its files',
      limitS: 1200,
      script: up,
      reboots: true,
    },
    {
      name: 'rebooted',
      claim: 'no service, port, rule, setting or cgroup of ours',
      limitS: 300,
      // The foreign server and firewall do not survive the reboot, so their listener, rules and modules are left out of the comparison.
      script: `without() { sed -e '/^## rules/,/^## settings/d' -e '/:${STRANGERS_PORT}$/d' -e '/^net\\/bridge\\//d' -e '/^br_netfilter$/d' -e '/^nf_conntrack$/d' "$1"; }
${LOOK} >${WORK}/rebooted.txt && cat ${WORK}/rebooted.txt
diff -u <(without ${WORK}/before.txt) <(without ${WORK}/rebooted.txt) || exit 1
! nft list ruleset 2>/dev/null | grep -iE 'plumbline|kube' || exit 1
${PLUMBLINE} env down --env ${env}`,
    },
    {
      name: 'purge',
      claim: 'the command that `env down` prints removes the packages that were installed',
      limitS: 600,
      script: `$(${PLUMBLINE} env down --env ${env} | grep -o 'apt-get purge .*') -y`,
    },
  ];
}
