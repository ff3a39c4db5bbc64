/** Faults by their name in check ids. To add a fault, add a file beside this one that exports `fault`. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { loadModule } from '../host/load-module.ts';
import type { Fault, FaultName } from './_common/fault.ts';

export type { Fault, FaultName } from './_common/fault.ts';

const moduleSchema = z.object({
  fault: z.custom<Fault>((value) => z.object({ id: z.string(), order: z.number() }).safeParse(value).success),
});

async function faultIn(file: string): Promise<Fault> {
  const what = 'fault whose id is the name of the file';
  const { fault } = await loadModule(path.join(import.meta.dirname, file), moduleSchema, what);
  if (fault.id !== path.basename(file, '.ts')) throw new Error(`faults/${file} exports no ${what}`);
  return fault;
}

const FILES = readdirSync(import.meta.dirname).filter(
  (file) =>
    file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== path.basename(import.meta.filename),
);
const ALL = (await Promise.all(FILES.map(faultIn))).toSorted((a, b) => a.order - b.order);

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
