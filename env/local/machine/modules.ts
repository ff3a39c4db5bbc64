import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { onPath, run, runAny } from '../../../host/run.ts';

type Signalled = { readonly signal?: AbortSignal | undefined };

/** Kernel modules that nodes need and that nothing loads by itself, in the order in which they are loaded. */
export const MODULES = ['overlay', 'br_netfilter', 'nf_conntrack'] as const;

export type ModuleName = (typeof MODULES)[number];

/** Why a module that is not there cannot be loaded either. */
export type ModuleTrouble = 'no modules' | 'not among them' | 'locked' | 'not allowed' | 'barred';

/** A module that is needed and cannot be had, and why. */
export type MissingModule = { readonly name: ModuleName; readonly why: ModuleTrouble };

/** What of the machine tells whether a module can be loaded. */
export type ModuleSource = {
  /** modules.dep of the running kernel; null when it has no folder of modules. */
  readonly list: string | null;
  /** /proc/sys/kernel/modules_disabled, `1` when nothing can be loaded until the next boot. */
  readonly disabled: string;
  /** Effective capabilities of this process in hexadecimal, as in /proc/PID/status. */
  readonly capabilities: string;
  /** What `modprobe -n -v` would do for all that are absent; empty where there is no modprobe yet. */
  readonly plan: string;
};

const BRIDGE_SETTINGS = '/proc/sys/net/bridge';
/** Whether a bridge in this network namespace asks the packet filter. */
const BRIDGE_CALLS = ['bridge-nf-call-iptables', 'bridge-nf-call-ip6tables', 'bridge-nf-call-arptables'];

const LOAD_DEADLINE_MS = 30_000;
/**
 * Keeps the host's packet filter away from the host's bridges, as it was before the module was loaded: else a forward policy of drop, which
 * ufw and Docker set, would silence the nodes, and every other bridge on the machine. Nodes have settings of their own (boot.sh). One
 * program does both, so that the second is done even when this process is killed after the first.
 */
const LOAD_QUIETLY = `modprobe br_netfilter || exit
for file in ${BRIDGE_CALLS.map((name) => `${BRIDGE_SETTINGS}/${name}`).join(' ')}; do
  [ ! -e "$file" ] || echo 0 >"$file" || exit
done`;
const CAP_SYS_MODULE = 16n;

/** What the module brings, whether it is part of the kernel or loaded. */
const SIGN: Readonly<Record<ModuleName, () => boolean>> = {
  overlay: () => /\boverlay$/m.test(readFileSync('/proc/filesystems', 'utf8')),
  br_netfilter: () => existsSync(BRIDGE_SETTINGS),
  // boot.sh writes this one, and a node that boots without it keeps connections to dead pods for two minutes.
  nf_conntrack: () => existsSync('/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_syn_sent'),
};

/** Those that are not there now. */
export function absentModules(): ModuleName[] {
  return MODULES.filter((name) => !SIGN[name]());
}

/** Those that are neither there nor can be loaded. Changes nothing. */
export async function missingModules(options: Signalled = {}): Promise<MissingModule[]> {
  const absent = absentModules();
  return absent.length === 0 ? [] : unloadable(absent, await moduleSource(absent, options));
}

/** Which of these modules cannot be loaded, and why. */
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
  // kernel/fs/overlayfs/overlay.ko: …, often with a suffix of compression.
  if (!new RegExp(`/${name}\\.ko(\\.\\w+)?:`).test(list)) return 'not among them';
  // A command of somebody's in its place, as hardening guides put /bin/false.
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

/** What is wrong and what to do about it, for a person: of all that cannot be loaded for the same reason as the first. */
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
        `${what} ${is} not loaded, and this kernel loads no more until the next boot (kernel.modules_disabled)`,
        `write ${alike.join(' and ')} into /etc/modules-load.d/plumbline.conf, a line each, and reboot`,
      ];
    case 'not allowed':
      return [
        `${what} ${is} not loaded, and root may not load modules here, as in a container`,
        `${typed} on the machine itself`,
      ];
    case 'barred':
      return [
        `${what} ${is} not loaded, and an "install" line of modprobe's settings does something else instead`,
        `find it (grep -rE 'install +(${alike.join('|')})' /etc/modprobe.d /usr/lib/modprobe.d), take it out if your policy allows that, and ${typed}`,
      ];
    case 'no modules':
      return [
        `${what} ${is} not there, and neither is /lib/modules/${kernel} to load from`,
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
 * @throws Error naming the one that is not there after it, as where it is blacklisted.
 */
export async function loadModules(names: readonly ModuleName[], options: Signalled = {}): Promise<void> {
  for (const name of names) {
    const argv = name === 'br_netfilter' ? ['sh', '-c', LOAD_QUIETLY] : ['modprobe', name];
    await run(argv, { timeoutMs: LOAD_DEADLINE_MS, ...options });
    if (!SIGN[name]())
      throw new Error(
        `modprobe ${name} ended well, but the module is not there; look for it in /etc/modprobe.d`,
      );
  }
}

/**
 * Unloads a module that nobody uses; one in use stays, and changes nothing for anybody. The bridges' stays too when somebody has switched
 * its filter on meanwhile, as Docker does.
 */
export async function unloadModule(name: ModuleName): Promise<void> {
  if (name === 'br_netfilter' && bridgesCall()) return;
  // Not modprobe, which would take along what the module depends on, whoever loaded that.
  await run(['rmmod', name], { timeoutMs: LOAD_DEADLINE_MS }).catch(() => undefined);
}

function bridgesCall(): boolean {
  return BRIDGE_CALLS.map((name) => join(BRIDGE_SETTINGS, name))
    .filter((file) => existsSync(file))
    .some((file) => readFileSync(file, 'utf8').trim() !== '0');
}
