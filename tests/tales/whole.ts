/** Tales that are told to every check, or to every one with trials. */
import type { History } from '../../reports/record/history/history.ts';
import { headed } from './tale.ts';
import type { Tale } from './tale.ts';

/** The same trial again, so many ms later, with a number of its own. */
function again(history: History, trial: number, laterMs: number): History {
  const later = (times: Float64Array): Float64Array => times.map((ms) => ms + laterMs);
  const moved = ({ writes, reads }: History) =>
    [writes, reads].map((one) => ({
      ...one,
      intendedMs: later(one.intendedMs),
      sentMs: later(one.sentMs),
      doneMs: later(one.doneMs),
    }));
  const [writes = history.writes, reads = history.reads] = moved(history);
  const observations = history.observations.map((seen) => ({ ...seen, t: seen.t + laterMs }));
  return { ...history, header: { ...history.header, trial }, observations, writes, reads };
}

/** Another trial: it took its own time from line to line. */
function another(history: History, trial: number, slower = trial): History {
  const [{ t: fromMs } = { t: 0 }] = history.observations;
  const observations = history.observations.map((seen) => ({
    ...seen,
    t: fromMs + (seen.t - fromMs) * (1 + slower / 1_000),
  }));
  return { ...history, header: { ...history.header, trial }, observations };
}

const asItIs = (history: History): History => history;
const FOREIGN = { number: 51, check: '**', must: 'inconclusive', rule: 'identity' } as const;
const COPIED = { number: 50, check: '**', must: ['inconclusive', 'fail'], bend: asItIs } as const;

export const TALES: readonly Tale[] = [
  { ...FOREIGN, says: 'it is of another check', bend: headed(() => ({ check: 'gpu/another' })) },
  { ...FOREIGN, says: 'it is of another environment', bend: headed(() => ({ environment: 'production' })) },
  {
    ...FOREIGN,
    says: 'it is of an earlier run',
    bend: headed(() => ({ run: '20260101T000000Z-local-1234' })),
  },
  {
    ...FOREIGN,
    says: 'it is of a cluster at another address',
    bend: headed(({ settings }) => ({ settings: { ...settings, apiAddress: '192.0.2.7:6443' } })),
  },
  {
    ...FOREIGN,
    says: 'it is of a cluster at no address',
    bend: headed(({ settings: { apiAddress: _, ...settings } }) => ({ settings })),
  },
  {
    ...COPIED,
    says: 'trials 2 and 3 are copies of 1',
    trials: (own) => own.flatMap((one) => [one, again(one, 2, 0), again(one, 3, 0)]),
  },
  {
    ...COPIED,
    says: 'trials 2 and 3 are copies of 1, each ten minutes later',
    trials: (own) => own.flatMap((one) => [one, again(one, 2, 600_000), again(one, 3, 1_200_000)]),
  },
  {
    ...COPIED,
    says: 'one number three times',
    trials: (own) => own.flatMap((one) => [one, another(one, 1, 2), another(one, 1, 3)]),
  },
  {
    check: 'topology/{nodes,workloads}/**',
    says: 'two trials, each with its own pace',
    must: 'pass',
    bend: asItIs,
    trials: (own) => own.flatMap((one) => [one, another(one, 2)]),
  },
];
