import { test } from '@playwright/test';
import { abortWorker, RunnerClient } from './client.ts';
import { CheckRun } from './check-run.ts';
import type { CheckBody } from './context.ts';
import { readHandover } from './handover.ts';

/** Added to a check's own time, for judging and for reporting that time ran out; then Playwright kills the worker. */
const GRACE_MS = 20_000;

const handover = readHandover();
const plan = new Map(handover.plan.map((planned) => [planned.check, planned]));
let connection: Promise<RunnerClient> | undefined;

function connect(): Promise<RunnerClient> {
  connection ??= RunnerClient.connect(handover.socket, abortWorker);
  return connection;
}

/** Ids of the checks that the runner handed over, in their order. */
export function planned(): readonly string[] {
  return [...plan.keys()];
}

/**
 * Registers a check of the plan. The body observes and records, once for each trial; the test passes when the body completes. The
 * runner judges the observations, and its verdict does not come back here. A body that throws makes the check `inconclusive` and fails
 * the test, so that Playwright starts a new worker: work of the old one may still run.
 */
export function register(id: string, body: CheckBody): void {
  const planned = plan.get(id);
  if (!planned) throw new Error(`${id} is not in the plan`);
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the names of fixtures from this pattern: there are none
  test(id, { tag: `@${planned.mode}` }, async ({}, info) => {
    const startedMs = performance.now();
    info.setTimeout(0);
    const client = await connect();
    await client.call('lock.acquire', { check: id, mode: planned.mode }, id);
    // The time-out starts here: waiting for other checks does not count.
    info.setTimeout(performance.now() - startedMs + planned.timeoutMs + GRACE_MS);
    const run = new CheckRun(planned, client, (title, step) => test.step(title, step));
    const early = await run.trials(body);
    await client.call('check.end', { check: id, trials: run.begun, steps: run.steps, ...early }, id);
    if (early.crash !== undefined) throw new Error(early.crash);
  });
}
