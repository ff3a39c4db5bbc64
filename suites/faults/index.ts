/** Faults by their name in check ids. Adding one means adding a file and a row. */
import { cutThenCrash } from './cut-then-crash.ts';
import type { Fault } from './fault.ts';
import { podCrash } from './pod-crash.ts';
import { podDelete } from './pod-delete.ts';

export type { Fault, FaultContext, FaultMember } from './fault.ts';

const FAULTS: readonly Fault[] = [podCrash, podDelete, cutThenCrash];

export const faults: ReadonlyMap<string, Fault> = new Map(FAULTS.map((fault) => [fault.id, fault]));

/** @throws Error when there is no such fault. */
export function faultOf(id: string): Fault {
  const fault = faults.get(id);
  if (fault === undefined) throw new Error(`no fault "${id}"; there are ${[...faults.keys()].join(', ')}`);
  return fault;
}
