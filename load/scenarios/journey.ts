/**
 * The steps of an author: upload a tender, have its text generated, wait for it, read it. The language model may be stubbed; the answer
 * says so.
 * RATE (2 a second), DURATION (30s), MAX_VUS (50), POLL_SECONDS (0.1), POLL_MOST (100).
 * BASE_URL, CORRELATION_HEADER, CORRELATION_ID, TIMEOUT: see target.ts.
 */
import { check, sleep } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';
import { Rate, Trend } from 'k6/metrics';
import type { Options } from 'k6/options';
import { baseUrl, count, expectStatus, lookFirst, named, text } from './target.ts';

const pollSeconds = Number(text('POLL_SECONDS', '0.1'));
const pollMost = count('POLL_MOST', 100, 10000);
const maxVus = count('MAX_VUS', 50, 10000);

const generation = new Trend('generation_duration', true);
const generated = new Rate('generation_done');

export const options: Options = {
  scenarios: {
    journey: {
      executor: 'constant-arrival-rate',
      rate: count('RATE', 2, 10000),
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

/** The id in an answer; null: there is none. */
function idOf(answer: { body: unknown; status: number }): string | null {
  if (typeof answer.body !== 'string') {
    return null;
  }
  const parsed = JSON.parse(answer.body);
  return typeof parsed.id === 'string' ? parsed.id : null;
}

function upload(): string | null {
  const body = JSON.stringify({ title: `journey ${exec.scenario.iterationInTest}` });
  const answer = http.post(`${baseUrl()}/tenders`, body, named('upload tender'));
  return expectStatus(answer, 201, 'upload tender') ? idOf(answer) : null;
}

function startGeneration(tender: string): string | null {
  const answer = http.post(`${baseUrl()}/tenders/${tender}/generate`, null, named('generate'));
  return expectStatus(answer, 202, 'generate') ? idOf(answer) : null;
}

/** Polls until the job is over, at most `POLL_MOST` times. @returns whether the job is done */
function waitForJob(job: string): boolean {
  for (let asked = 0; asked < pollMost; asked++) {
    const answer = http.get(`${baseUrl()}/jobs/${job}`, named('poll job'));
    if (!expectStatus(answer, 200, 'poll job') || typeof answer.body !== 'string') {
      return false;
    }
    const status = JSON.parse(answer.body).status;
    if (status !== 'pending') {
      return status === 'done';
    }
    sleep(pollSeconds);
  }
  return false;
}

export default function journey(): void {
  const tender = upload();
  if (tender === null) {
    return;
  }
  const began = Date.now();
  const job = startGeneration(tender);
  const done = job !== null && waitForJob(job);
  generated.add(done);
  if (!check(done, { 'the text was generated': (seen) => seen })) {
    return;
  }
  generation.add(Date.now() - began);
  expectStatus(http.get(`${baseUrl()}/tenders/${tender}`, named('read tender')), 200, 'read tender');
}
