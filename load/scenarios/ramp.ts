/**
 * Ramps up to a rate, holds it, and ramps down again: does the backend scale up with the load, and down after it?
 * RATE (20 a second, at the top), START_RATE (1), RAMP_UP (20s), HOLD (30s), RAMP_DOWN (20s), MAX_VUS (100).
 * BASE_URL, CONTRACT, CORRELATION_ID, TIMEOUT: see target.ts.
 */
import exec from 'k6/execution';
import type { Options } from 'k6/options';
import { count, lookFirst, readLatest, text } from './target.ts';

const rate = count('RATE', 20, 100000);
const startRate = count('START_RATE', 1, 100000);
const maxVus = count('MAX_VUS', 100, 10000);

export const options: Options = {
  scenarios: {
    ramp: {
      executor: 'ramping-arrival-rate',
      startRate: startRate,
      timeUnit: '1s',
      // All VUs are made beforehand: each one made while the load runs would cost a dropped iteration.
      preAllocatedVUs: maxVus,
      maxVUs: maxVus,
      stages: [
        { target: rate, duration: text('RAMP_UP', '20s') },
        { target: rate, duration: text('HOLD', '30s') },
        { target: startRate, duration: text('RAMP_DOWN', '20s') },
      ],
    },
  },
};

export async function setup(): Promise<void> {
  await lookFirst();
}

export default async function ramp(): Promise<void> {
  await readLatest(exec.scenario.iterationInTest);
}
