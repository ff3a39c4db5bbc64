/**
 * Requests drafts from the AI service at a constant rate, no matter how fast it answers. Each draft needs its language model.
 * AI_URL (BASE_URL/ai/draft), RATE (2 a second), DURATION (30s), MAX_VUS (50). BASE_URL, CORRELATION_HEADER, CORRELATION_ID, TIMEOUT: see target.ts.
 */
import exec from 'k6/execution';
import http from 'k6/http';
import type { Options } from 'k6/options';
import { baseUrl, count, counted, isObject, jsonOf, lookFirst, named, text } from './target.ts';
import type { Fields } from './target.ts';

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

export function setup(): void {
  lookFirst();
}

/** Whether this is a draft: a text, and whether the service is degraded (wrote it without its model). */
function isDraft(draft: unknown): draft is Fields {
  if (!isObject(draft) || typeof draft['degraded'] !== 'boolean') return false;
  return typeof draft['text'] === 'string' && draft['text'].trim() !== '';
}

export default function draft(): void {
  const body = JSON.stringify({ title: `draft ${exec.scenario.iterationInTest}` });
  const answer = http.post(text('AI_URL', `${baseUrl()}/ai/draft`), body, named('draft'));
  const given = jsonOf(answer);
  if (answer.status !== 200 || !isDraft(given)) {
    counted('draft: status 200 and a text', false);
    return;
  }
  // A degraded draft fails under its own check name, to distinguish it from an answer without a draft.
  counted('draft: written with the model', given['degraded'] === false);
}
