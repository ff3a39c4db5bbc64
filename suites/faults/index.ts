/** Faults by their name in check ids. Adding one means adding a file and a row. */
import { cutThenCrash } from './cut-then-crash.ts';
import type { Fault } from './fault.ts';
import { hang } from './hang.ts';
import { nodeLoss } from './node-loss.ts';
import { partition } from './partition.ts';
import { podCrash } from './pod-crash.ts';
import { podDelete } from './pod-delete.ts';
import { switchover } from './switchover.ts';

export { NodeInjector } from './injectors/node.ts';
export { PodInjector } from './injectors/pod.ts';
export { nodePower } from './injectors/power.ts';
export type { PowerCommands } from './injectors/power.ts';
export type { NodePower } from './inverse.ts';
export type {
  Fault,
  FaultContext,
  FaultMember,
  FaultSeen,
  FaultSurroundings,
  FaultInjector,
} from './fault.ts';

const FAULTS: readonly Fault[] = [podCrash, podDelete, hang, nodeLoss, partition, switchover, cutThenCrash];

export const faults: ReadonlyMap<string, Fault> = new Map(FAULTS.map((fault) => [fault.id, fault]));

/** @throws Error when there is no such fault. */
export function faultOf(id: string): Fault {
  const fault = faults.get(id);
  if (fault === undefined) throw new Error(`no fault "${id}"; there are ${[...faults.keys()].join(', ')}`);
  return fault;
}
