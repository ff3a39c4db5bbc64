/** A load as judges see it, put together from its lines. */
import { sumOf } from '../count.ts';
import { refusalCheck, refusedBy, refusedTotal } from '../../record/refusals.ts';
import type { Refused } from '../../record/refusals.ts';
import type { Seen } from '../../record/observations/index.ts';

export type LoadSecond = Omit<Seen<'load-second'>, 'kind' | 't'>;

export interface Load extends Omit<Seen<'load'>, 'kind' | 't' | 'requests'> {
  /** In order, one a second. */
  seconds: LoadSecond[];
  /** Without the requests of the scenario's setup. */
  requests: {
    count: number;
    /** Answered, but the scenario's check failed. */
    failed: number;
    /** Without a check result, or refused before the service: unknown whether they would have been good. */
    unchecked: number;
    /** Of these, requests that were refused. */
    refused: Refused;
  };
}

/** k6 puts what setup does into a group of this name. */
const SETUP = '::setup';

type Counted = Pick<Seen<'load'>, 'checks' | 'requests'>;

/** Requests of the scenario's setup, counted by their checks: setup checks each. */
export function setupRequests({ checks }: Pick<Counted, 'checks'>): number {
  return sumOf(
    checks.filter(({ group }) => group === SETUP),
    ({ passes, fails }) => passes + fails,
  );
}

/** Checks of the load itself, without those of the setup. */
export function checkedOf({ checks }: Pick<Counted, 'checks'>): { good: number; bad: number } {
  const own = checks.filter(({ group }) => group !== SETUP);
  return { good: sumOf(own, ({ passes }) => passes), bad: sumOf(own, ({ fails }) => fails) };
}

/** Refused requests of the load itself: each has a check of its own, by its reason. */
function refusedIn({ checks }: Pick<Counted, 'checks'>): Refused {
  return refusedBy((one) =>
    sumOf(
      checks.filter(({ name, group }) => name === refusalCheck(one) && group !== SETUP),
      ({ fails }) => fails,
    ),
  );
}

/** A load out of its lines. @param lines its seconds in the order written; of two with the same `atMs` the later counts */
export function loadOf(result: Seen<'load'>, lines: readonly Seen<'load-second'>[]): Load {
  const count = Math.max(0, result.requests - setupRequests(result));
  const { good, bad } = checkedOf(result);
  const bySecond = new Map(lines.map((line) => [line.atMs, line]));
  const seconds = [...bySecond.values()].sort((a, b) => a.atMs - b.atMs);
  const refused = refusedIn(result);
  const own = Math.max(0, bad - refusedTotal(refused));
  const unchecked = Math.max(0, count - good - own);
  return { ...result, seconds, requests: { count, failed: Math.min(count, own), unchecked, refused } };
}
