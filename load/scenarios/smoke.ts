/**
 * One user, a few iterations: does the platform answer from end to end?
 * ITERATIONS (5). BASE_URL, CONTRACT, CORRELATION_ID, TIMEOUT: see target.ts.
 */
import exec from 'k6/execution';
import type { Options } from 'k6/options';
import { count, lookFirst, readLatest } from './target.ts';

export const options: Options = {
  scenarios: {
    smoke: {
      executor: 'shared-iterations',
      vus: 1,
      iterations: count('ITERATIONS', 5, 1000),
      maxDuration: '30s',
    },
  },
};

export function setup(): void {
  lookFirst();
}

export default function smoke(): void {
  readLatest(exec.scenario.iterationInTest);
}
