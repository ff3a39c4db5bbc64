import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { onPath, run, runAny } from '../../../host/run.ts';
import type { Signalled } from '../../../host/run.ts';

/** Kernel modules that nodes need and that the kernel does not load on demand, in the order of loading. */
export const MODULES = ['overlay', 'br_netfilter', 'nf_conntrack'] as const;

export type ModuleName = (typeof MODULES)[number];

/** Why an absent module cannot be loaded. */
export type ModuleTrouble = 'no modules' | 'not among them' | 'locked' | 'not allowed' | 'barred';

/** A needed module that is absent and cannot be loaded, and why. */
export type MissingModule = { readonly name: ModuleName; readonly why: ModuleTrouble };

/** Facts about the machine that decide whether a module can be loaded. */
export type ModuleSource = {
  /** modules.dep of the running kernel; null if there is no modules folder for this kernel. */
  readonly list: string | null;
  /** /proc/sys/kernel/modules_disabled: `1` means that no module can be loaded until the next boot. */
  readonly disabled: string;
  /** Effective capabilities of this process in hexadecimal, as in /proc/PID/status. */
  readonly capabilities: string;
  /** Output of `modprobe -n -v` for the absent modules; empty if modprobe is not installed yet. */
  readonly plan: string;
};

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
const CAP_SYS_MODULE = 16n;

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

/** The needed modules that are absent and cannot be loaded. Changes nothing. */
export async function missingModules(options: Signalled = {}): Promise<MissingModule[]> {
  const absent = absentModules();
  return absent.length === 0 ? [] : unloadable(absent, await moduleSource(absent, options));
}

/** The modules among these that cannot be loaded, and why. */
export function unloadable(absent: readonly ModuleName[], source: ModuleSource): MissingModule[] {
  return absent.flatMap((name) => {
    const why = troubleWith(name, source);
    return why === null ? [] : [{ name, why }];
  });
}

function troubleWith(name: ModuleName, source: ModuleSource): ModuleTrouble | null {
  const { list, disabled, capabilities, plan } = source;
  if (disabled.trim() === '1') return 'locked';
  if (((BigInt(`0x${capabilities}`) >> CAP_SYS_MODULE) & 1n) === 0n) return 'not allowed';
  if (list === null) return 'no modules';
  // A line such as `kernel/fs/overlayfs/overlay.ko: …`, often with a compression suffix after `.ko`.
  if (!new RegExp(`/${name}\\.ko(\\.\\w+)?:`).test(list)) return 'not among them';
  // modprobe would run another command instead, such as the /bin/false of hardening guides.
  return plan !== '' && !new RegExp(`^insmod \\S*/${name}\\.ko`, 'm').test(plan) ? 'barred' : null;
}

async function moduleSource(absent: readonly ModuleName[], options: Signalled): Promise<ModuleSource> {
  const list = join('/lib/modules', release(), 'modules.dep');
  const disabled = '/proc/sys/kernel/modules_disabled';
  const status = readFileSync('/proc/self/status', 'utf8');
  return {
    list: existsSync(list) ? readFileSync(list, 'utf8') : null,
    disabled: existsSync(disabled) ? readFileSync(disabled, 'utf8') : '0',
    plan: onPath('modprobe') ? await planOf(absent, options) : '',
    capabilities: /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0',
  };
}

async function planOf(absent: readonly ModuleName[], options: Signalled): Promise<string> {
  const argv = ['modprobe', '--dry-run', '--verbose', '--all', ...absent];
  return (await runAny(argv, { timeoutMs: LOAD_DEADLINE_MS, ...options })).stdout;
}

/** Problem and remedy as text, for the first missing module and all that are missing for the same reason. */
export function describeMissing(missing: readonly MissingModule[], kernel = release()): [string, string] {
  const why = missing[0]?.why;
  const alike = missing.filter((one) => one.why === why).map(({ name }) => name);
  const names = alike.join(' ');
  const what = `the kernel module${alike.length === 1 ? '' : 's'} ${names}`;
  const is = alike.length === 1 ? 'is' : 'are';
  const typed = `type modprobe -a ${names}`;
  switch (why) {
    case 'locked':
      return [
        `${what} ${is} not loaded, and this kernel loads no modules until the next boot (kernel.modules_disabled)`,
        `write ${alike.join(' and ')} into /etc/modules-load.d/plumbline.conf, one per line, and reboot`,
      ];
    case 'not allowed':
      return [
        `${what} ${is} not loaded, and root may not load modules here (is this a container?)`,
        `${typed} on the machine itself`,
      ];
    case 'barred':
      return [
        `${what} ${is} not loaded, and an "install" line in modprobe's settings runs another command instead`,
        `find it (grep -rE 'install +(${alike.join('|')})' /etc/modprobe.d /usr/lib/modprobe.d), remove it if your policy allows that, and ${typed}`,
      ];
    case 'no modules':
      return [
        `${what} ${is} not loaded, and /lib/modules/${kernel}, from which to load, does not exist`,
        `reboot if the kernel was upgraded since it booted; in a container, ${typed} on the machine itself`,
      ];
    default:
      return [
        `${what} ${is} neither loaded nor in /lib/modules/${kernel}`,
        `install the kernel's other modules (Debian: linux-image-amd64, and boot into it; Ubuntu: linux-modules-extra-${kernel}) and ${typed}`,
      ];
  }
}

/**
 * Loads modules.
 * @throws Error that names a module which is still absent afterwards, for example because it is blacklisted.
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
