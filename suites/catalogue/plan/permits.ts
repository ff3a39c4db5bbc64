import { matchesAny } from '../../../env/globs.ts';
import { accessIn } from './access.ts';
import { faultIn } from './goals.ts';
import type { Environment, Permit } from '../../../env/schema.ts';
import type { NotRun } from '../../../reports/record/not-run-by.ts';
import type { CatalogueRow } from '../types.ts';

function windowProblem(permit: Permit, now: Date | null): string | null {
  if (now === null) return null;
  if (permit.from !== undefined && now < new Date(permit.from))
    return `its permit starts only at ${permit.from}`;
  if (permit.until !== undefined && now >= new Date(permit.until)) return `its permit ended ${permit.until}`;
  return null;
}

/** The catalogue gives these checks `r` in production, but they must create a load: for real traffic there is performance/budget. */
function readingProblem(row: CatalogueRow): NotRun | null {
  if (row.onlyMakes !== true) return null;
  const text =
    'not permitted: this check creates the load or breach that it measures, and this environment may only be read';
  return { by: 'never', text };
}

/** Of permits that begin later or have ended: the next one, else the one that ended last. */
function windowReason(permits: readonly Permit[], now: Date): string {
  const begins = ({ from }: Permit): number => (from === undefined ? -Infinity : Date.parse(from));
  const ends = ({ until }: Permit): number => (until === undefined ? Infinity : Date.parse(until));
  const next =
    permits.toSorted((a, b) => begins(a) - begins(b)).find((permit) => begins(permit) > now.getTime()) ??
    permits.toSorted((a, b) => ends(a) - ends(b)).at(-1);
  return (next && windowProblem(next, now)) ?? 'its permit has ended';
}

/**
 * Why the environment does not permit the check, or null when it does. Reading needs no permit; writing, faults and drills do. A file
 * of kind production can hold none (env/references.ts), so nothing would change it there.
 * @param now null: at a time at which every permit holds
 */
export function notPermitted(environment: Environment, row: CatalogueRow, now: Date | null): NotRun | null {
  const needed = accessIn(environment, row);
  if (needed === 'r') return readingProblem(row);
  if (environment.kind === 'production')
    return { by: 'never', text: 'not permitted: production may only be read; its file holds no permits' };
  const named = environment.permits.filter(({ checks }) => matchesAny(checks, row.id));
  const fault = faultIn(environment, row.id);
  const allowed = named.filter(({ faults }) => fault === undefined || faults.some((one) => one === fault));
  if (allowed.some((permit) => windowProblem(permit, now) === null)) return null;
  const reason =
    (allowed.length > 0 && now !== null ? windowReason(allowed, now) : null) ??
    (named.length > 0 ? `no permit for the fault ${fault}` : `no permit in ${environment.name}`);
  return { by: 'not-permitted', text: `not permitted: ${reason}` };
}
