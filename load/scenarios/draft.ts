/**
 * Drafts of the AI service at the same rate all the time, whatever it does: each asks its language model.
 * AI_URL (BASE_URL/ai/draft), RATE (2 a second), DURATION (30s), MAX_VUS (50). BASE_URL, MARK_HEADER, MARK, TIMEOUT: see target.ts.
 */
import { check } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';
import type { Options } from 'k6/options';
import { baseUrl, count, expectStatus, lookFirst, named, text } from './target.ts';

const maxVus = count('MAX_VUS', 50, 10000);

export const options: Options = {
  scenarios: {
    draft: {
      executor: 'constant-arrival-rate',
      rate: count('RATE', 2, 100000),
      timeUnit: '1s',
      duration: text('DURATION', '30s'),
      // All of them beforehand: for each that is made while the load runs, one iteration is dropped.
      preAllocatedVUs: maxVus,
      maxVUs: maxVus,
    },
  },
};

export function setup(): void {
  lookFirst();
}

/** Whether this is a draft that the service says it wrote with its model. Anything that is no draft at all is none either. */
function isFull(body: unknown): boolean {
  try {
    const draft = typeof body === 'string' ? JSON.parse(body) : null;
    return (
      draft !== null && draft.degraded === false && typeof draft.text === 'string' && draft.text.trim() !== ''
    );
  } catch {
    return false;
  }
}

export default function draft(): void {
  const body = JSON.stringify({ title: `draft ${exec.scenario.iterationInTest}` });
  const answer = http.post(text('AI_URL', `${baseUrl()}/ai/draft`), body, named('draft'));
  if (expectStatus(answer, 200, 'draft')) {
    // By this name the judge knows what was answered, and not as asked (reports/judge/performance/loads.ts).
    check(isFull(answer.body), { 'not degraded': (full) => full });
  }
}
