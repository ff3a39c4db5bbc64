import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { addressesOf } from './nodes/addressing.ts';
import type { InstanceName } from './nodes/addressing.ts';
import { cgroups } from '../../host/cgroups/cgroup-versions.ts';
import { cgroupName, processesIn } from './nodes/cgroups.ts';
import { parseNames } from './nodes/links.ts';
import { commandLine } from '../../host/process-identity.ts';
import { stateDir } from '../../host/paths.ts';
import { run } from '../../host/run.ts';
import type { Signalled } from '../../host/run.ts';

const IP_DEADLINE_MS = 10_000;

/**
 * Everything of an instance that is on the machine now, one line each: processes, cgroups, network namespaces,
 * links, routes and mounts. Empty after a complete `env down`. Changes nothing.
 */
export async function leftovers(instance: InstanceName, options: Signalled = {}): Promise<string[]> {
  const { linkPrefix } = addressesOf(instance);
  const mine = (name: string): boolean => name.startsWith(`${linkPrefix}-`);
  const ip = (...args: string[]): Promise<string> =>
    run(['ip', ...args], { timeoutMs: IP_DEADLINE_MS, ...options });
  const links = parseNames(await ip('-br', 'link', 'show')).filter(mine);
  // Not by their addresses, which another instance may have too. The blackhole route of the whole range has no link.
  const routes = (await ip('route', 'show')).split('\n').filter((line) => mine(linkOf(line)));
  const spaces = existsSync('/run/netns') ? readdirSync('/run/netns').filter(mine) : [];
  const folders = cgroups()
    .mountPoints.map((mountPoint) => join(mountPoint, cgroupName(instance)))
    .filter((folder) => existsSync(folder));
  const processes = processesIn(cgroupName(instance));
  return [
    ...processes.map(({ pid }) => `process ${pid} ${commandLine(pid).slice(0, 100)}`),
    ...folders.map((folder) => `cgroup ${folder}`),
    ...spaces.map((name) => `network namespace ${name}`),
    ...links.map((name) => `link ${name}`),
    ...routes.map((line) => `route ${line.trim()}`),
    ...mountsBelow(readFileSync('/proc/self/mountinfo', 'utf8'), stateDir(instance)).map(
      (path) => `mount ${path}`,
    ),
  ];
}

/** The link of a line of `ip route show`; empty if it has none. */
export function linkOf(route: string): string {
  return / dev (\S+)/.exec(route)?.[1] ?? '';
}

/** The mount points of /proc/self/mountinfo that lie below a folder. */
export function mountsBelow(mountinfo: string, folder: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${folder}/`));
}
