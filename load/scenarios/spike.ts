/**
 * A low rate that jumps up at once and drops back: what do clients see until the platform has scaled?
 * RATE (5 a second), SPIKE_RATE (50), BEFORE (10s), SPIKE (10s), AFTER (20s), MAX_VUS (200).
 * BASE_URL, CONTRACT, CORRELATION_ID, TIMEOUT: see target.ts.
 */
import exec from 'k6/execution';
import type { Options } from 'k6/options';
import { count, lookFirst, readLatest, text } from './target.ts';

const rate = count('RATE', 5, 100000);
const spikeRate = count('SPIKE_RATE', 50, 100000);
const maxVus = count('MAX_VUS', 200, 10000);

export const options: Options = {
  scenarios: {
    spike: {
      executor: 'ramping-arrival-rate',
      startRate: rate,
      timeUnit: '1s',
      // All VUs are made beforehand: making them during the spike would flatten it.
      preAllocatedVUs: maxVus,
      maxVUs: maxVus,
      stages: [
        { target: rate, duration: text('BEFORE', '10s') },
        { target: spikeRate, duration: '0s' },
        { target: spikeRate, duration: text('SPIKE', '10s') },
        { target: rate, duration: '0s' },
        { target: rate, duration: text('AFTER', '20s') },
      ],
    },
  },
};

export function setup(): void {
  lookFirst();
}

export default function spike(): void {
  readLatest(exec.scenario.iterationInTest);
}
