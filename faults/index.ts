/** Faults by their name in check ids. To add a fault, add a file beside this one that exports `fault`. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { loadDeclared } from '../host/load-module.ts';
import { addFaultFacts } from '../reports/record/facts/fault-facts.ts';
import type { Fault, FaultName } from './_common/fault.ts';

export type { Fault, FaultName } from './_common/fault.ts';

const FILES = readdirSync(import.meta.dirname)
  .filter((file) => /(?<!\.test)\.ts$/.test(file) && file !== path.basename(import.meta.filename))
  .map((file) => path.join(import.meta.dirname, file));
const ALL = await loadDeclared<Fault>(FILES, { exported: 'fault', named: 'id', what: 'fault' });

for (const fault of ALL) addFaultFacts(fault.id, fault);

export const faults: ReadonlyMap<string, Fault> = new Map(ALL.map((fault) => [fault.id, fault]));

/** @throws Error when there is no such fault. */
export function faultOf(id: string): Fault {
  const fault = faults.get(id);
  if (fault === undefined) throw new Error(`no fault "${id}"; there are ${[...faults.keys()].join(', ')}`);
  return fault;
}

/** A list that is not empty, which `z.enum` needs. */
export type Names = readonly [FaultName, ...FaultName[]];

function namesOf(which: (fault: Fault) => boolean): Names {
  const names = ALL.filter((fault) => fault.forControlsOnly !== true && which(fault)).map(({ id }) => id);
  if (names.length === 0) throw new Error('there are no faults');
  // eslint-disable-next-line verdicts/no-cast-from-unknown -- each fault's file adds its name to FaultNames
  return names as unknown as Names;
}

/** Faults that checks and environment files may name, sorted by `order`. */
export const FAULTS = namesOf(() => true);
/** Faults that can hit any pod, not only members of a store. */
export const POD_FAULTS = namesOf(({ anyPod }) => anyPod);
