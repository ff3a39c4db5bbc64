/**
 * Requests drafts from the AI service at a constant rate, no matter how fast it answers. Each draft needs its language model.
 * RATE (2 a second), DURATION (30s), MAX_VUS (50). BASE_URL, CONTRACT, CORRELATION_ID, TIMEOUT: see target.ts.
 */
import exec from 'k6/execution';
import type { Options } from 'k6/options';
import { stateOf } from '../../probes/application/contract.ts';
import { count, counted, exchange, expectGood, lookFirst, requestOf, text } from './target.ts';

const maxVus = count('MAX_VUS', 50, 10000);

export const options: Options = {
  scenarios: {
    draft: {
      executor: 'constant-arrival-rate',
      rate: count('RATE', 2, 100000),
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

export default async function draft(): Promise<void> {
  const seen = await exchange('draft', { n: exec.scenario.iterationInTest });
  const rule = requestOf('draft').state;
  if (!seen.fate.ok || rule === undefined) {
    expectGood('draft', seen);
    return;
  }
  // A degraded draft fails under its own check name, to distinguish it from an answer without a draft.
  counted('draft: written with the model', stateOf(rule, seen.reply) === 'done');
}
