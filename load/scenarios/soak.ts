/**
 * A moderate load of reads and writes over a long time: what leaks, fills up or slows down?
 * RATE (5 a second), DURATION (2m: set hours for a real one), WRITE_PERCENT (20), MAX_VUS (50).
 * BASE_URL, CONTRACT, CORRELATION_ID, TIMEOUT: see target.ts.
 */
import exec from 'k6/execution';
import type { Options } from 'k6/options';
import { count, exchange, expectGood, lookFirst, readLatest, text } from './target.ts';

const maxVus = count('MAX_VUS', 50, 10000);
const writePercent = count('WRITE_PERCENT', 20, 100);

export const options: Options = {
  scenarios: {
    soak: {
      executor: 'constant-arrival-rate',
      rate: count('RATE', 5, 100000),
      timeUnit: '1s',
      duration: text('DURATION', '2m'),
      // All VUs are made beforehand: each one made while the load runs would cost a dropped iteration.
      preAllocatedVUs: maxVus,
      maxVUs: maxVus,
    },
  },
};

export function setup(): void {
  lookFirst();
}

export default function soak(): void {
  const n = exec.scenario.iterationInTest;
  // By iteration number, not at random, so that every engine sends the same mix.
  if (n % 100 >= writePercent) {
    readLatest(n);
    return;
  }
  expectGood('create', exchange('create', { n: n }));
}
