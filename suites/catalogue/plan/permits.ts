import { matchesAny } from '../../../env/globs.ts';
import { accessIn } from './access.ts';
import { faultIn } from './goals.ts';
import type { Environment, Permit } from '../../../env/schema.ts';
import type { CatalogueRow } from '../types.ts';

function windowProblem(permit: Permit, now: Date | null): string | null {
  if (now === null) return null;
  if (permit.from !== undefined && now < new Date(permit.from))
    return `its permit starts only at ${permit.from}`;
  if (permit.until !== undefined && now >= new Date(permit.until)) return `its permit ended ${permit.until}`;
  return null;
}

/** The catalogue gives these checks `r` in production, but they must create a load: for real traffic there is performance/budget. */
function readingProblem(row: CatalogueRow): string | null {
  return row.onlyMakes === true
    ? 'not permitted: this check creates the load or breach that it measures, and this environment may only be read'
    : null;
}

function ticketProblem(permit: Permit, strict: boolean): string | null {
  if (!strict) return null;
  return permit.ticket !== undefined && permit.until !== undefined
    ? null
    : 'its permit lacks a ticket or an end';
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
 * Why the environment does not permit the check, or null when it does. Reading needs no permit; writing, faults and
 * drills do; where the catalogue says `permit`, the permit must carry a ticket and an end as well.
 * @param now null: at a time at which every permit holds
 */
export function notPermitted(environment: Environment, row: CatalogueRow, now: Date | null): string | null {
  const needed = accessIn(environment, row);
  if (needed === 'r') return readingProblem(row);
  const named = environment.permits.filter(({ checks }) => matchesAny(checks, row.id));
  const fault = faultIn(environment, row.id);
  const allowed = named.filter(({ faults }) => fault === undefined || faults.some((one) => one === fault));
  const timely = allowed.filter((permit) => windowProblem(permit, now) === null);
  const tickets = timely.map((permit) => ticketProblem(permit, needed === 'permit'));
  if (tickets.includes(null)) return null;
  const reason =
    tickets[0] ??
    (allowed.length > 0 && now !== null ? windowReason(allowed, now) : null) ??
    (named.length > 0 ? `no permit for the fault ${fault}` : noneNames(environment));
  return `not permitted: ${reason}`;
}

const noneNames = ({ kind, name }: Environment): string =>
  kind === 'production' ? 'production may only be read; its file holds no permits' : `no permit in ${name}`;
