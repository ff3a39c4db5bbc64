/** The `plumbline env …` commands for an embedded environment. */
import * as local from '../../local/index.ts';
import type { LocalStatus } from '../../local/index.ts';
import type { InstanceName } from '../../../host/paths.ts';
import type { Size } from '../declaring.ts';
import type { Provisioning } from '../provider.ts';

/** Of any instance: the rehearsal is provisioned in the same way, and reached in another. */
type Of<Method extends keyof Provisioning> = (
  at: { embedded: InstanceName; size: Size },
  how: Parameters<Provisioning[Method]>[1],
) => ReturnType<Provisioning[Method]>;

export const check: Of<'check'> = ({ embedded: instance, size }, { words, signal }) =>
  local.checkMachine({ instance, size, ...(words !== undefined && { with: words }), signal });

export const up: Of<'up'> = ({ embedded: instance, size }, { words, ...how }) =>
  local.up({ instance, size, ...(words !== undefined && { with: words }), ...how });

export const down: Of<'down'> = async ({ embedded: instance }, { refuse, say, signal }) => {
  await local.down({ instance, signal, refuse });
  say(`${instance} is removed; the build cache stays`);
  const packages = await local.broughtPackages({ signal });
  if (packages.length > 0)
    say(
      `packages that were installed for it stay; where no environment is left that needs them, remove them with\n  apt-get purge ${packages.join(' ')}`,
    );
};

export const status: Of<'status'> = async ({ embedded: instance }, { signal }) => {
  const found = await local.status({ instance, signal });
  return { state: found.state, lines: linesOf(found) };
};

function linesOf(found: LocalStatus): string[] {
  const { instance, state, stamp, holder, nodes } = found;
  const lines = [`${instance}: ${state}${stamp === null || state === 'absent' ? '' : ` (${stamp.size})`}`];
  if (holder !== null)
    lines.push(`  held by pid ${String(holder.pid)} since ${holder.since}, for ${holder.checkout}`);
  if (state === 'absent') return lines;
  const named = nodes.map(
    (node) =>
      `  ${node.name.padEnd(12)} ${node.running ? 'running' : 'stopped'}, ${node.ready ? 'Ready' : 'not Ready'}`,
  );
  return [
    ...lines,
    ...named,
    `  API server ${found.apiReachable ? 'answers' : 'does not answer'}`,
    ...(found.services.length === 0 ? ['  Services answer on every node that runs'] : []),
    ...found.services.map((line) => `  Services: ${line}`),
    `  load balancer ${found.loadBalancer ? 'runs' : 'is down'}, registry ${found.registry ? 'runs' : 'is down'}`,
  ];
}
