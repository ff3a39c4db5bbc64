import { CommandError, EXIT } from '../../host/errors.ts';
import { instanceHolder } from '../../host/lock.ts';
import { leftovers } from './leftovers.ts';
import { addressesOf, sharingBlock } from './nodes/addressing.ts';
import type { InstanceName } from './nodes/addressing.ts';

type Options = {
  readonly signal?: AbortSignal | undefined;
  /** What exists of an instance; replaced in tests. */
  readonly found?: typeof leftovers;
};

/**
 * Refuses to provision an instance while anything exists of another one with the same addresses, or a process provisions or removes that one.
 * Call it with the lock of the instance held: of two that start at the same time at least one then sees the other.
 * @throws CommandError (75) that says what was found and how to remove it
 */
export async function refuseSharedBlock(
  instance: InstanceName,
  { signal, found = leftovers }: Options = {},
): Promise<void> {
  for (const other of sharingBlock(instance)) {
    const holder = instanceHolder(other);
    const [first, ...rest] = await found(other, { signal });
    const seen = [
      ...(holder === null ? [] : [`the process ${holder.pid} provisions or removes it`]),
      ...(first === undefined
        ? []
        : [`${rest.length + 1} things of it are on this machine, such as ${first}`]),
    ];
    if (seen.length === 0) continue;
    throw new CommandError(
      `${instance} is not provisioned: ${other} has the same addresses (${addressesOf(other).block}.0.0/16), and ${seen.join('; ')}. ` +
        `Remove it first: plumbline env down --env ${other}`,
      EXIT.refused,
    );
  }
}
