/** What is tried on a fresh machine, in its order. Each step is a script of bash, run as root in the checkout's copy there. */

export interface Step {
  readonly name: string;
  /** What must hold after it. */
  readonly claim: string;
  readonly script: string;
  /** On an ordinary machine, s; a slow one is given a multiple. */
  readonly limitS: number;
  /** The machine is started anew after the script. */
  readonly reboots?: true;
}

export interface Tried {
  /** Name of the environment. */
  readonly env: string;
  /** Words of `--with`. */
  readonly words: string;
  /** Whether an archive of programs and images was brought along. */
  readonly archive: boolean;
}

/** Where everything of this is kept over there: the copy of the checkout is in `checkout`. */
export const WORK = '/var/tmp/plumbline-fresh';

/** The port at which a registry is usually found: a stranger's is put there, and must stay. */
const STRANGERS_PORT = 5000;

const PLUMBLINE = 'node_modules/.bin/node cli/plumbline.mjs';
const LOOK = 'bash scripts/fresh-machine/look.sh';
/** The node's pieces: cgroups, both injectors with their proofs, limits that are read back. */
const PIECES = ['cgroup2', 'agent'];
const WITH_CLUSTER = ['nodes', 'faults', 'services'];

const itests = (names: readonly string[]): string =>
  `node_modules/.bin/node --test --test-concurrency=1 ${names.map((name) => `tests/integration/${name}.itest.ts`).join(' ')}`;

/** What `look.sh` says now must be what it said at first. */
const asBefore = (after: string): string =>
  `${LOOK} >${WORK}/${after}.txt && diff -u ${WORK}/before.txt ${WORK}/${after}.txt`;

export function stepsFor({ env, words, archive }: Tried): Step[] {
  const up = `${PLUMBLINE} env up --env ${env} --with ${words}`;
  return [
    {
      name: 'strangers',
      claim:
        'a registry of somebody else at its usual port, and a firewall that takes and forwards nothing, on bridges as well',
      limitS: 120,
      // Transient: what systemd starts by itself at the next boot must not be ours.
      script: `systemd-run --unit=stranger --quiet $PWD/node_modules/.bin/node -e 'require("node:http").createServer((_, reply) => reply.end("{}")).listen(${STRANGERS_PORT})'
command -v nft >/dev/null || { echo 'put nft on this machine first: its firewall is part of what is tried'; exit 1; }
# As Docker does it.
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
      claim: 'cgroups freeze, thaw and kill with proof, by both injectors',
      limitS: 300,
      script: itests(PIECES),
    },
    { name: 'up', claim: 'the environment is provisioned', limitS: 1200, script: up },
    {
      name: 'limits',
      claim: 'containers run below the limits of their pods, as the kernel says',
      limitS: 120,
      script: `node_modules/.bin/node scripts/fresh-machine/limits.ts ${env}`,
    },
    {
      name: 'nodes',
      claim: 'nodes stop and start, links are cut, containers freeze, and all is as before',
      limitS: 900,
      script: itests(WITH_CLUSTER),
    },
    {
      name: 'strangers-live',
      claim: 'the registry of somebody else answers, and the rules of the firewall are there',
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
      claim:
        'after a reboot with the environment up nothing of it is there, and `env down` removes its files',
      limitS: 1200,
      script: up,
      reboots: true,
    },
    {
      name: 'rebooted',
      claim: 'no service, port, rule, setting or cgroup of ours',
      limitS: 300,
      // The strangers are gone with the reboot: their listener, their rules and what these have loaded are not looked for.
      script: `without() { sed -e '/^## rules/,/^## settings/d' -e '/:${STRANGERS_PORT}$/d' -e '/^net\\/bridge\\//d' -e '/^br_netfilter$/d' -e '/^nf_conntrack$/d' "$1"; }
${LOOK} >${WORK}/rebooted.txt && cat ${WORK}/rebooted.txt
diff -u <(without ${WORK}/before.txt) <(without ${WORK}/rebooted.txt) || exit 1
! nft list ruleset 2>/dev/null | grep -iE 'plumbline|kube' || exit 1
${PLUMBLINE} env down --env ${env}`,
    },
    {
      name: 'purge',
      claim: 'packages that were brought go when that is asked for',
      limitS: 600,
      script: `${PLUMBLINE} env down --env ${env} --purge`,
    },
  ];
}
