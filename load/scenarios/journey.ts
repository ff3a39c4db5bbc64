/**
 * The steps of a user by the contract's requests: create something, start the work on it, wait for that (progress), read it.
 * RATE (2 a second), DURATION (30s), MAX_VUS (50), POLL_SECONDS (0.1), POLL_MOST (100).
 * BASE_URL, CONTRACT, CORRELATION_ID, TIMEOUT: see target.ts.
 */
import { check, sleep } from 'k6';
import exec from 'k6/execution';
import { Rate, Trend } from 'k6/metrics';
import type { Options } from 'k6/options';
import { stateOf } from '../../probes/application/contract.ts';
import { count, exchange, expectGood, lookFirst, requestOf, text } from './target.ts';

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

/** Sends a request that names an id in its answer; null: it was not answered well. */
function idFrom(name: string, id?: string): string | null {
  const seen = exchange(name, { n: exec.scenario.iterationInTest, id: id });
  return expectGood(name, seen) ? seen.fate.id : null;
}

/** Polls until the work is over, at most `POLL_MOST` times. @returns whether it is done */
function waitForWork(id: string): boolean {
  const rule = requestOf('progress').state;
  for (let asked = 0; asked < pollMost; asked++) {
    const seen = exchange('progress', { n: exec.scenario.iterationInTest, id: id });
    if (!expectGood('progress', seen) || rule === undefined) {
      return false;
    }
    const state = stateOf(rule, seen.reply);
    if (state !== 'open') {
      return state === 'done';
    }
    sleep(pollSeconds);
  }
  return false;
}

export default function journey(): void {
  const created = idFrom('create');
  if (created === null) {
    return;
  }
  const began = Date.now();
  const work = idFrom('start', created);
  const done = work !== null && waitForWork(work);
  generated.add(done);
  if (!check(done, { 'the work was done': (seen) => seen })) {
    return;
  }
  generation.add(Date.now() - began);
  expectGood('read', exchange('read', { n: exec.scenario.iterationInTest, id: created }));
}
