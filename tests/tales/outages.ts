/** Answers, reads and writes that clients do without. */
import { first } from '../../reports/judge/observed.ts';
import { OUTCOMES } from '../../reports/record/history/history.ts';
import type { History } from '../../reports/record/history/history.ts';
import { landedMs } from './landed.ts';
import { all, changed, ended, headed } from './tale.ts';
import type { Bend, Tale } from './tale.ts';

const armedMs = (history: History): number => first(history, 'fault-armed')?.t ?? Infinity;

const lastMs = ({ reads }: History): number => reads.intendedMs.reduce((last, one) => Math.max(last, one), 0);

/** Everything that was seen after that time, so much later. */
const delayed =
  (afterMs: (history: History) => number, byMs: number): Bend =>
  (history) => ({
    ...history,
    observations: history.observations.map((one) =>
      one.t > afterMs(history) ? { ...one, t: one.t + byMs } : one,
    ),
  });

/** Reads that failed, by the time when they were due: ms since the landing, and ms until the last of them. */
const readsOut =
  (during: (sinceMs: number, leftMs: number) => boolean): Bend =>
  (history) => {
    const [fromMs, toMs] = [landedMs(history), lastMs(history)];
    return ended('reads', ({ index, intendedMs }) =>
      history.reads.outcome[index] === OUTCOMES.ok && during(intendedMs - fromMs, toMs - intendedMs)
        ? 'fail'
        : undefined,
    )(history);
  };

const readsWithin = (readsRtoSeconds: number): Bend =>
  headed(({ goals }) => ({ goals: { ...goals, readsRtoSeconds } }));

/** Writes without an answer, by the time until the fault was armed, ms. */
const unansweredBefore =
  (of: (leftMs: number, index: number) => boolean): Bend =>
  (history) => {
    const fromMs = armedMs(history);
    return ended('writes', ({ index, intendedMs }) =>
      of(fromMs - intendedMs, index) ? 'unknown' : undefined,
    )(history);
  };

export const TALES: readonly Tale[] = [
  {
    number: 27,
    check: 'failover/query/*',
    says: 'clients get an answer only 170 s after the crash',
    must: 'fail',
    rule: 'answered',
    bend: delayed(landedMs, 170_000),
  },
  {
    check: 'failover/query/*',
    says: 'the answers that clients got are from before the crash',
    must: 'inconclusive',
    rule: 'answered',
    bend: (history) =>
      changed('query-answers', ({ when }) => (when === 'after' ? { t: landedMs(history) - 1_000 } : {}))(
        history,
      ),
  },
  {
    check: 'failover/query/*',
    says: 'it took clients five seconds more to get every answer',
    must: 'pass',
    bend: delayed(landedMs, 5_000),
  },
  {
    number: 34,
    check: 'failover/postgres/*',
    says: 'no read succeeds until long after writes are back',
    must: 'fail',
    rule: 'reads/outage',
    bend: all(
      readsWithin(1),
      readsOut((sinceMs, leftMs) => sinceMs > 0 && leftMs > 6_000),
    ),
  },
  {
    check: 'failover/redis/hang',
    says: 'no read succeeds for longer than the goal of the RTO, and reads have none of their own',
    must: 'fail',
    rule: 'reads/outage',
    bend: readsOut((sinceMs, leftMs) => sinceMs > 0 && leftMs > 6_000),
  },
  {
    check: 'failover/redis/{hang,node-loss,partition}',
    says: 'reads succeed at the end only for an instant at a time',
    must: 'fail',
    rule: 'reads/outage',
    bend: all(
      readsWithin(2),
      readsOut((sinceMs, leftMs) => sinceMs > 0 && leftMs > 6_000 && sinceMs % 1_000 > 200),
    ),
  },
  {
    check: 'failover/postgres/*',
    says: 'a read fails beside the others, seconds before the end',
    must: 'pass',
    bend: readsOut((_, leftMs) => leftMs > 3_000 && leftMs <= 3_050),
  },
  {
    number: 43,
    check: 'failover/postgres/*',
    says: 'every third write fails until 3 s before the fault',
    must: 'inconclusive',
    rule: 'steady-before',
    bend: unansweredBefore((leftMs, index) => leftMs > 3_000 && index % 3 === 0),
  },
  {
    check: 'failover/postgres/*',
    says: 'one write fails a second before the fault is armed',
    must: 'pass',
    bend: unansweredBefore((leftMs) => leftMs > 1_000 && leftMs <= 1_005),
  },
];
