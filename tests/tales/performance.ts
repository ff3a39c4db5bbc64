import { all as allOf, last } from '../../reports/judge/observed.ts';
import type { Seen } from '../../reports/record/observations/index.ts';
import { servedBy } from './served-by.ts';
import { all, changed, seen } from './tale.ts';
import type { Bend, Tale } from './tale.ts';

const US_PER_S = 1e6;
/** The stored loads: 50 a second for 70 s. */
const RATE = 50;

interface Second {
  /** Iterations begun in it; left out: as stored. */
  begun?: number;
  /** Requests answered in it. */
  answered: number;
  /** Of them, not as promised. */
  bad?: number;
  /** How long those took. */
  tookSeconds?: number;
}

/** Another course of the same 3,500 requests. */
const course = (of: (second: number) => Second): Bend =>
  changed('load-second', ({ atMs }): Partial<Seen<'load-second'>> => {
    const { begun, answered, bad = 0, tookSeconds = 0.01 } = of(atMs / 1000);
    return {
      ...(begun !== undefined && { offered: begun, started: begun }),
      requests: answered,
      good: answered - bad,
      bad,
      latency: answered === 0 ? [] : [[tookSeconds * US_PER_S, answered]],
    };
  });

const badInAll = (fails: number): Bend =>
  changed('load', ({ checks }) => ({
    checks: checks.map((one) => (one.group === '' ? { ...one, passes: one.passes - fails, fails } : one)),
  }));

/** The last answers come so many seconds after the last request. */
const until =
  (by: number, of: (second: number) => Second): Bend =>
  (history) => {
    const seconds = allOf(history, 'load-second');
    const [end, first] = [last(history, 'load'), seconds[0]];
    if (end === undefined || first === undefined) return history;
    const told = new Set(seconds.map(({ atMs }) => atMs));
    const rest = Array.from({ length: 70 + by }, (_, second) => second * 1000)
      .filter((atMs) => !told.has(atMs))
      .map((atMs) => ({ ...first, t: end.t - 1, atMs, offered: 0, started: 0 }));
    return all(
      seen(...rest),
      course(of),
      changed('load', () => ({ durationMs: (70 + by) * 1000 })),
    )(history);
  };

/** Every answer comes so many seconds after its request. */
const later = (by: number): Bend =>
  until(by, (second) => ({
    answered: second >= by && second < 70 + by ? RATE : 0,
    tookSeconds: by,
  }));

/** After the load, these pods answered. */
const answeredBy =
  (...names: string[]): Bend =>
  (history) => {
    const t = last(history, 'load')?.t ?? 0;
    const pods = names.map((pod) => ({ pod, answers: 60 / names.length }));
    return all(servedBy, seen({ kind: 'answered-by', t: t + 1, beganMs: t + 0.5, asked: 60, pods }))(history);
  };

const inBurst = (second: number): boolean => second >= 60 && second < 70;

export const TALES: readonly Tale[] = [
  {
    number: 61,
    check: 'performance/*/*',
    says: 'planned were 50 a second; 5 a second were sent for 60 s, then 320 for 10 s',
    must: 'inconclusive',
    rule: 'load/whole',
    bend: course((second) => {
      const begun = inBurst(second) ? 320 : second < 60 ? 5 : 0;
      return { begun, answered: begun };
    }),
  },
  {
    check: 'performance/*/*',
    says: 'nothing was sent for 10 s, and twice as much in the next 10 s',
    must: 'inconclusive',
    rule: 'load/whole',
    bend: course((second) => {
      const begun =
        second >= 20 && second < 30 ? 0 : second >= 30 && second < 40 ? 100 : second < 70 ? 50 : 0;
      return { begun, answered: begun };
    }),
  },
  {
    check: 'performance/*/*',
    says: 'the generator stood still for a second, and sent what was due in the next',
    must: 'pass',
    bend: course((second) => {
      const begun = second === 33 ? 0 : second === 34 ? 100 : second < 70 ? 50 : 0;
      return { begun, answered: begun };
    }),
  },
  {
    number: 62,
    check: 'performance/*/{throughput,availability}',
    says: 'nothing was answered for 60 of 70 s, then everything that waited',
    must: 'fail',
    rule: 'course',
    bend: course((second) => ({ answered: inBurst(second) ? 350 : 0, tookSeconds: 30 })),
  },
  {
    check: 'performance/*/{throughput,availability}',
    says: 'one request a second was answered for 60 of 70 s, then everything that waited',
    must: 'fail',
    rule: 'course',
    bend: course((second) => ({ answered: inBurst(second) ? 344 : Number(second < 60), tookSeconds: 0.01 })),
  },
  {
    check: 'performance/ai/throughput',
    says: 'every draft of 60 of 70 s was without the model, at once',
    must: 'fail',
    rule: 'goal',
    bend: all(
      course((second) => {
        const answered = second < 70 ? RATE : 0;
        return { answered, bad: second < 60 ? answered : 0 };
      }),
      badInAll(60 * RATE),
    ),
  },
  {
    check: 'performance/*/{throughput,availability}',
    says: 'the service stood still for 4 s, and then answered all that waited',
    must: 'pass',
    bend: course((second) => {
      const still = second >= 20 && second < 24;
      return { answered: still || second >= 70 ? 0 : second === 24 ? 5 * RATE : RATE };
    }),
  },
  {
    check: 'performance/api/{throughput,availability}',
    says: 'the last request of all was answered after 25 s',
    must: 'pass',
    bend: until(25, (second) => {
      if (second >= 69)
        return { answered: second === 69 ? RATE - 1 : Number(second === 94), tookSeconds: 25 };
      return { answered: RATE };
    }),
  },
  {
    check: 'performance/ai/{throughput,availability}',
    says: 'the model takes a minute for each draft',
    must: ['pass', 'inconclusive'],
    bend: later(60),
  },
  {
    number: 41,
    check: 'performance/api/*',
    says: "all answers come from the gateway's cache, and both pods are dead",
    must: 'inconclusive',
    rule: 'load/whole',
    bend: answeredBy(),
  },
  {
    check: 'performance/api/*',
    says: 'pods of another application answered',
    must: 'inconclusive',
    rule: 'load/whole',
    bend: answeredBy('shop-6c84b56594-v4q49'),
  },
  {
    check: 'performance/api/*',
    says: 'a header names pods, and nobody asked which answer',
    must: 'inconclusive',
    rule: 'load/whole',
    bend: servedBy,
  },
  {
    check: 'performance/api/*',
    says: 'a pod answered, and a proxy keeps each client at one',
    must: 'pass',
    bend: answeredBy('tender-api-6c84b56594-v4q49'),
  },
  {
    check: 'performance/api/*',
    says: 'both pods answered',
    must: 'pass',
    bend: answeredBy('tender-api-6c84b56594-v4q49', 'tender-api-6c84b56594-x2b7c'),
  },
];
