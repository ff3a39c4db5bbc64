import { debianBuilt } from './images/index.ts';
import type { Need } from './machine/preflight.ts';
import type { ClusterSize, InstanceName } from './nodes/addressing.ts';
import { imagesFor, toolsFor } from './platform/index.ts';
import { standingStamp } from './state/stamp.ts';
import { toolsBuilt } from './toolchain/index.ts';

/** An environment that somebody wants on this machine. */
export type Wanted = {
  readonly instance: InstanceName;
  readonly size: ClusterSize;
  /** Its stores and parts. */
  readonly words: readonly string[];
};

/** What the machine must have room for. One that is up in another size is removed first, and then is not up any more. */
export async function needOf({ instance, size, words }: Wanted, signal?: AbortSignal): Promise<Need> {
  return {
    instance,
    size,
    built: await toolsBuilt(toolsFor(instance, words), signal),
    hasDebian: await debianBuilt(imagesFor(instance, words)),
    up: standingStamp(instance, size) !== null,
  };
}
