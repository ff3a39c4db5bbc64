/**
 * A constant rate, no matter how fast the platform answers: latency and availability under a known load.
 * RATE (10 a second), DURATION (30s), MAX_VUS (50). BASE_URL, CONTRACT, CORRELATION_ID, TIMEOUT: see target.ts.
 */
import exec from 'k6/execution';
import type { Options } from 'k6/options';
import { count, lookFirst, readLatest, text } from './target.ts';

const maxVus = count('MAX_VUS', 50, 10000);

export const options: Options = {
  scenarios: {
    steady: {
      executor: 'constant-arrival-rate',
      rate: count('RATE', 10, 100000),
      timeUnit: '1s',
      duration: text('DURATION', '30s'),
      // All VUs are made beforehand: each one made while the load runs would cost a dropped iteration.
      preAllocatedVUs: maxVus,
      maxVUs: maxVus,
    },
  },
};

export async function setup(): Promise<void> {
  await lookFirst();
}

export default async function steady(): Promise<void> {
  await readLatest(exec.scenario.iterationInTest);
}
