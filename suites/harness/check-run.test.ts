import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CheckRun } from './check-run.ts';
import { RunnerError, type RunnerClient } from './client.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-check-run-'));
after(() => rmSync(folder, { recursive: true }));

const CHECK = 'failover/postgres/hang';
const planned = { check: CHECK, firstTrial: 4, trials: 5, mode: 'exclusive', timeoutMs: 60_000 } as const;

/** Runs trials of which the second throws this, and says what became of them. */
async function runWhose(failure: Error) {
  const of = (trial: number): string => join(folder, `${failure.name}-${trial}`);
  const client = {
    lost: new AbortController().signal,
    call: (_method: string, { trial }: { trial: number }) => {
      mkdirSync(of(trial));
      return Promise.resolve({ folder: of(trial), goals: {}, settings: {} });
    },
  };
  const run = new CheckRun(planned, client as unknown as RunnerClient, async (_title, body) => body());
  const tried: number[] = [];
  const early = await run.trials(async (ctx) => {
    tried.push(ctx.trial);
    await ctx.step('start writing', () => (ctx.trial === 5 ? Promise.reject(failure) : null));
  });
  const ended = tried.filter((trial) =>
    readFileSync(join(of(trial), 'check.ndjson'), 'utf8').includes('"kind":"end"'),
  );
  return { early, tried, ended, begun: run.begun, errors: run.steps.map(({ error }) => error) };
}

test('should end the trials of a check with the first that is not permitted, without an end and without a crash', async () => {
  const refused = new RunnerError('not permitted: its permit ended', 'not-permitted');
  assert.deepEqual(await runWhose(refused), {
    early: { refused: refused.message },
    tried: [4, 5],
    ended: [4],
    begun: 5,
    errors: [undefined, refused.message],
  });
});

test('should call whatever else breaks off a trial a crash', async () => {
  const { early, tried, ended } = await runWhose(new Error('the Lease is lost'));
  assert.match(early.crash ?? '', /^Error: the Lease is lost/);
  assert.deepEqual([early.refused, tried, ended], [undefined, [4, 5], [4]]);
});
