/** The `plumbline env …` commands for an embedded environment. */
import { CommandError, EXIT } from '../../../host/errors.ts';
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

export const down: Of<'down'> = async ({ embedded: instance }, { purge, refuse, say, signal }) => {
  await local.down({ instance, signal, refuse });
  say(`${instance} is removed; the build cache stays`);
  const packages = await local.broughtPackages({ signal });
  if (packages.length === 0) return;
  if (!purge) {
    say(`packages that were installed for it stay (--purge removes them): ${packages.join(', ')}`);
    return;
  }
  refuseWhileUp(
    local.INSTANCES.filter(
      (name) => name !== instance && (local.isThere(name) || local.holder(name) !== null),
    ),
  );
  await local.purgeBrought({ signal });
  say(`removed with their settings: ${packages.join(', ')}`);
};

/** @throws CommandError (75) while another environment needs the packages */
function refuseWhileUp(others: readonly string[]): void {
  if (others.length > 0)
    throw new CommandError(
      `the packages are still needed by ${others.join(', ')}: remove each first (plumbline env down --env ${others[0] ?? ''})`,
      EXIT.refused,
    );
}

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
