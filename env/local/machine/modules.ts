import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onPath, run, runAny } from '../../../host/run.ts';
import type { Signalled } from '../../../host/run.ts';

/** Kernel modules that nodes need and that the kernel does not load on demand, in the order of loading. */
export const MODULES = ['overlay', 'br_netfilter', 'nf_conntrack'] as const;

export type ModuleName = (typeof MODULES)[number];

/** A needed module that is absent and that modprobe does not find, with modprobe's own words. */
export type MissingModule = { readonly name: ModuleName; readonly said: string };

const BRIDGE_SETTINGS = '/proc/sys/net/bridge';
/** Settings that decide whether bridges in this network namespace pass their packets through the packet filter. */
const BRIDGE_CALLS = ['bridge-nf-call-iptables', 'bridge-nf-call-ip6tables', 'bridge-nf-call-arptables'];

const LOAD_DEADLINE_MS = 30_000;
/**
 * Loads br_netfilter, then switches its filtering of the host's bridges off, as it was before. Otherwise a forward policy of drop, which
 * ufw and Docker set, would cut off the nodes and every other bridge of the machine. Nodes have settings of their own (boot.sh). One
 * shell does both, so that the second step happens even if this process is killed after the first.
 */
const LOAD_QUIETLY = `modprobe br_netfilter || exit
for file in ${BRIDGE_CALLS.map((name) => `${BRIDGE_SETTINGS}/${name}`).join(' ')}; do
  [ ! -e "$file" ] || echo 0 >"$file" || exit
done`;

/** Test for the presence of each module, whether it is loaded or built into the kernel. */
const SIGN: Readonly<Record<ModuleName, () => boolean>> = {
  overlay: () => /\boverlay$/m.test(readFileSync('/proc/filesystems', 'utf8')),
  br_netfilter: () => existsSync(BRIDGE_SETTINGS),
  // boot.sh writes this setting. A node that boots without it keeps connections to dead pods for two minutes.
  nf_conntrack: () => existsSync('/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_syn_sent'),
};

/** The needed modules that are absent now. */
export function absentModules(): ModuleName[] {
  return MODULES.filter((name) => !SIGN[name]());
}

/** The needed modules that are absent and that modprobe, once it is installed, does not find. Changes nothing. */
export async function missingModules(options: Signalled = {}): Promise<MissingModule[]> {
  const missing: MissingModule[] = [];
  for (const name of onPath('modprobe') ? absentModules() : []) {
    const argv = ['modprobe', '--dry-run', name];
    const { code, stderr } = await runAny(argv, { timeoutMs: LOAD_DEADLINE_MS, ...options });
    if (code !== 0) missing.push({ name, said: stderr.trim() });
  }
  return missing;
}

/**
 * Loads modules.
 * @throws CommandError with modprobe's own words; Error that names a module which is absent all the same, for example because it is blacklisted.
 */
export async function loadModules(names: readonly ModuleName[], options: Signalled = {}): Promise<void> {
  for (const name of names) {
    const argv = name === 'br_netfilter' ? ['sh', '-c', LOAD_QUIETLY] : ['modprobe', name];
    await run(argv, { timeoutMs: LOAD_DEADLINE_MS, ...options });
    if (!SIGN[name]())
      throw new Error(
        `modprobe ${name} succeeded, but the module is not loaded; look for it in /etc/modprobe.d`,
      );
  }
}

/**
 * Unloads a module. One that is in use stays loaded. br_netfilter also stays if its filtering of bridges was switched on in the
 * meantime, as Docker does.
 */
export async function unloadModule(name: ModuleName): Promise<void> {
  if (name === 'br_netfilter' && bridgesCall()) return;
  // Not modprobe -r, which would also unload the module's dependencies, even if something else had loaded them.
  await run(['rmmod', name], { timeoutMs: LOAD_DEADLINE_MS }).catch(() => undefined);
}

function bridgesCall(): boolean {
  return BRIDGE_CALLS.map((name) => join(BRIDGE_SETTINGS, name))
    .filter((file) => existsSync(file))
    .some((file) => readFileSync(file, 'utf8').trim() !== '0');
}
