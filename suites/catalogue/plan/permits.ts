import { matchesAny } from '../../../env/globs.ts';
import { faultIn } from './goals.ts';
import type { Environment, Permit } from '../../../env/schema.ts';
import type { CatalogueRow } from '../types.ts';

function windowProblem(permit: Permit, now: Date): string | null {
  if (permit.from !== undefined && now < new Date(permit.from)) return `not before ${permit.from}`;
  if (permit.until !== undefined && now >= new Date(permit.until)) return `its permit ended ${permit.until}`;
  return null;
}

/** The catalogue gives these checks `r` in production, but they must create a load: for real traffic there is performance/budget. */
function readingProblem(row: CatalogueRow): string | null {
  return row.onlyMakes === true
    ? 'not permitted: it creates the load or breach that it looks at, and this environment may only be read'
    : null;
}

function faultProblem(permit: Permit, fault: string | undefined): string | null {
  const allowed: readonly string[] = permit.faults;
  return fault === undefined || allowed.includes(fault) ? null : `no permit for the fault ${fault}`;
}

function ticketProblem(permit: Permit, strict: boolean): string | null {
  if (!strict) return null;
  return permit.ticket !== undefined && permit.until !== undefined
    ? null
    : 'its permit lacks a ticket or an end';
}

/**
 * Why the environment does not permit the check, or null when it does. Reading needs no permit; writing, faults and
 * drills do; where the catalogue says `permit`, the permit must carry a ticket and an end as well.
 */
export function notPermitted(environment: Environment, row: CatalogueRow, now: Date): string | null {
  const needed = row.access[environment.kind];
  if (needed === 'r') return readingProblem(row);
  const fault = faultIn(environment, row.id);
  const matching = environment.permits.filter((permit) => matchesAny(permit.checks, row.id));
  let reason = `no permit in ${environment.name}`;
  for (const permit of matching) {
    const problem =
      faultProblem(permit, fault) ?? windowProblem(permit, now) ?? ticketProblem(permit, needed === 'permit');
    if (problem === null) return null;
    reason = problem;
  }
  return `not permitted: ${reason}`;
}
