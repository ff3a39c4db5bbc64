import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import { ReadOnlyGuard } from '../../probes/kubernetes/index.ts';
import { planChecks } from '../../suites/catalogue/index.ts';
import type { CheckBody } from '../../suites/harness/context.ts';
import type { StepMessage } from '../../suites/harness/messages.ts';
import { METHODS } from '../../suites/harness/methods.ts';
import type { Method } from '../../suites/harness/protocol.ts';
import { RequestError } from '../../suites/harness/request-error.ts';
import { CheckRun } from './check-run.ts';
import { readHistory } from '../../reports/record/history/read-history.ts';
import { headerSettings } from '../plan/environment-parts.ts';
import { trialFolder } from '../record/run-folder.ts';
import { ObservedOnce } from '../state/observed-once.ts';
import { openTrial } from '../state/trials.ts';
import { callerOf } from './handlers.ts';
import type { Handlers } from './handlers.ts';
import type { ServedRunner } from './served.ts';

const root = mkdtempSync(join(tmpdir(), 'plumbline-check-run-'));
after(() => rmSync(root, { recursive: true }));

const CHECK = 'failover/postgres/hang';
const environment = await loadEnvironment('local-small');
const [planned = assert.fail()] = planChecks(environment, { checks: [CHECK], repeat: 5 });
let count = 0;

/** A check with its runner. */
function made(handlers: Partial<Handlers> = {}) {
  const folder = join(root, String(++count));
  const of = (trial: number): string => join(folder, String(trial));
  const begun: string[] = [];
  const said: StepMessage[] = [];
  const stop = new AbortController();
  const runner = {
    parts: { safety: { beginCheck: (id: string) => begun.push(id) } },
    runState: {
      environment,
      progress: { step: () => undefined },
      headerSource: () => ({ goals: {}, settings: {} }),
      openTrial: (_check: string, trial: number) => {
        mkdirSync(of(trial), { recursive: true });
        return Promise.resolve(of(trial));
      },
    },
  } as unknown as ServedRunner;
  const parts = { runner, planned, stop: stop.signal, follow: (step: StepMessage) => said.push(step) };
  const run = new CheckRun({ ...parts, handlers: handlers as Handlers });
  const recorded = (trial: number): string => readFileSync(join(of(trial), 'check.ndjson'), 'utf8');
  return { run, begun, said, stop, recorded };
}

/** Runs trials of which the second throws this, and says what became of them. */
async function runWhose(failure: Error) {
  const { run, begun, said, recorded } = made();
  const tried: number[] = [];
  const early = await run.trials(async (ctx) => {
    tried.push(ctx.trial);
    await ctx.step('start writing', () => (ctx.trial === 2 ? Promise.reject(failure) : null));
  });
  const ended = tried.filter((trial) => recorded(trial).includes('"kind":"end"'));
  return {
    early,
    tried,
    ended,
    begun: run.begun,
    errors: run.steps.map(({ error }) => error),
    acts: begun,
    said,
  };
}

test('should end the trials of a check with the first that is not permitted, without an end and without a crash', async () => {
  const refused = new RequestError('not permitted: its permit ended', 'not-permitted');
  const { said, ...was } = await runWhose(refused);
  assert.deepEqual(was, {
    early: { refused: refused.message },
    tried: [1, 2],
    ended: [1],
    begun: 2,
    errors: [undefined, refused.message],
    // A check may act from the beginning of each trial on, also where it has ended before.
    acts: [CHECK, CHECK],
  });
  assert.deepEqual(said, [
    { kind: 'step-begins', step: 1, title: 'trial 1: start writing' },
    { kind: 'step-ends', step: 1 },
    { kind: 'step-begins', step: 2, title: 'trial 2: start writing' },
    { kind: 'step-ends', step: 2, error: refused.message },
  ]);
});

test('should observe once what two checks look at, and again where the first was given up', async () => {
  const histories = join(root, String(++count));
  const once = new ObservedOnce();
  const seenBy: string[] = [];
  const runOf = async (check: string, breaks = false) => {
    const [one = assert.fail()] = planChecks(environment, { checks: [check] });
    const runState = {
      environment,
      once,
      progress: { step: () => undefined },
      headerSource: () => ({ goals: {}, settings: {} }),
      openTrial: (id: string, trial: number) =>
        openTrial(histories, trial, {
          check: id,
          environment: 'local',
          goals: {},
          settings: headerSettings(id, environment),
        }),
    };
    const runner = {
      parts: { safety: { beginCheck: () => undefined } },
      runState,
    } as unknown as ServedRunner;
    const { signal } = new AbortController();
    const run = new CheckRun({
      runner,
      planned: one,
      stop: signal,
      follow: () => undefined,
      handlers: {} as Handlers,
    });
    await run.trials((ctx) =>
      ctx.once('gpu/all-taken', () => {
        seenBy.push(check);
        ctx.record('gpu-busy', { free: 0, offered: 2, needed: 1 });
        if (breaks) run.fail(new Error('broken off'));
        return Promise.resolve();
      }),
    );
    const { observations } = await readHistory(trialFolder(histories, check, 1));
    return [observations.map(({ kind }) => kind).join(), run.steps.map(({ title }) => title).join()];
  };
  assert.deepEqual(await runOf('gpu/exclusive', true), ['gpu-busy', '']);
  assert.deepEqual(await runOf('gpu/exhausted'), ['gpu-busy,end', '']);
  assert.deepEqual(await runOf('gpu/release'), ['gpu-busy,end', 'take what gpu/exhausted has just seen']);
  assert.deepEqual(seenBy, ['gpu/exclusive', 'gpu/exhausted']);
});

test('should call whatever else breaks off a trial a crash', async () => {
  const { early, tried, ended } = await runWhose(new Error('the Lease is lost'));
  assert.match(early.crash ?? '', /^Error: the Lease is lost/);
  assert.deepEqual([early.refused, tried, ended], [undefined, [1, 2], [1]]);
});

for (const how of ['interrupted', 'failed'] as const)
  test(`should neither act nor record for a body that runs on after its check was ${how}`, async () => {
    const injected: string[] = [];
    const inject = ({ target }: { target: string }): Promise<never> => {
      injected.push(target);
      return Promise.reject(new Error('it should not be called'));
    };
    const { run, stop, recorded } = made({ 'fault.inject': inject });
    const isGivenUp = Promise.withResolvers<null>();
    const isOver = Promise.withResolvers<unknown>();
    const body: CheckBody = async (ctx) => {
      if (how === 'interrupted') stop.abort(new Error('interrupted by SIGINT'));
      else run.fail(new Error('nobody awaited it'));
      await isGivenUp.promise;
      const { id: check, trial } = ctx;
      const fault = { check, trial, store: 'postgres', fault: 'hang', target: 'leader' };
      const refused = await ctx.runner.call('fault.inject', fault).catch((error: unknown) => error);
      ctx.record('end');
      await assert.rejects(ctx.step('go on', () => null));
      isOver.resolve(refused);
    };
    const { crash } = await run.trials(body);
    assert.match(crash ?? '', how === 'interrupted' ? /interrupted by SIGINT/ : /nobody awaited it/);
    isGivenUp.resolve(null);
    const refused = await isOver.promise;
    assert.ok(refused instanceof RequestError);
    assert.deepEqual([injected, recorded(1)], [[], '']);
  });

test('should hand on the reason of a refusal, and call any other failure a crash', async () => {
  const timeout = Object.assign(new Error('waited 60 s'), { reason: 'timeout' });
  const handlers = {
    'cluster.raw': () => Promise.reject(timeout),
    'cluster.logs': () => Promise.reject(new Error('ENOSPC')),
  } as unknown as Handlers;
  const call = callerOf(handlers, { check: CHECK, signal: new AbortController().signal });
  const reasonOf = (asked: Promise<unknown>): Promise<unknown> =>
    asked.catch((error: unknown) => (error instanceof RequestError ? [error.message, error.reason] : error));
  assert.deepEqual(await reasonOf(call('cluster.raw', { path: '/' })), ['waited 60 s', 'timeout']);
  const logs = { namespace: 'tender', pod: 'postgres-0' };
  assert.deepEqual(await reasonOf(call('cluster.logs', logs)), ['ENOSPC', 'crash']);
});

test('should refuse every method that acts in a read-only run, before it does, and serve the others', async () => {
  const guard = new ReadOnlyGuard();
  const acting = (Object.keys(METHODS) as Method[]).filter((method) => METHODS[method]?.acts !== undefined);
  const served = acting.map((method) => [method, (): never => assert.fail(`${method} was served`)] as const);
  const all = { ...Object.fromEntries(served), 'cluster.authority': () => Promise.resolve({ pem: 'p' }) };
  const { signal } = new AbortController();
  const call = callerOf(all as unknown as Handlers, { check: 'a/b', signal }, guard);
  for (const method of acting) {
    await assert.rejects(call(method, {}), /^RequestError: read only: refused/);
    assert.equal(guard.tried.at(-1), `${method}, called by a/b`);
  }
  assert.deepEqual(await call('cluster.authority', {}), { pem: 'p' });
  assert.equal(guard.tried.length, acting.length);
});
