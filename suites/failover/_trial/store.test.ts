import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestError } from '../../harness/request-error.ts';
import type { CheckContext } from '../../harness/context.ts';
import { runStoreTrial } from './store.ts';

type Answer = (params: Record<string, unknown>) => unknown;
interface Asked {
  readonly method: string;
  readonly params: Record<string, unknown>;
}

const STRETCH = { met: true, detail: 'steady' };
const WELL: Record<string, Answer> = {
  'store.steady': () => ({ ok: true, leader: 'redis-0', detail: '' }),
  'state.note': () => ({ unrest: [] }),
  'clientLoad.wait': () => STRETCH,
  'fault.inject': () => ({ target: 'redis-0', landedAtMs: 1000, lasting: false }),
};

/** A runner that answers well, save what `answers` says; what it was asked and what the trial recorded are kept. */
async function trialWith(answers: Record<string, Answer>, failover: Record<string, unknown> = {}) {
  const asked: Asked[] = [];
  const recorded: Record<string, unknown>[] = [];
  const ctx = {
    id: 'failover/redis/hang',
    trial: 3,
    settings: { drills: { steadySeconds: 1 }, failover: { holdMs: 1, ...failover } },
    signal: new AbortController().signal,
    timeoutMs: () => 1000,
    step: (_title: string, work: () => unknown) => work(),
    record: (kind: string, fields: object = {}) => recorded.push({ kind, ...fields }),
    runner: {
      call: (method: string, params: Record<string, unknown>) => {
        asked.push({ method, params });
        return Promise.resolve()
          .then(() => (answers[method] ?? WELL[method])?.(params))
          .then((answer) => answer ?? {});
      },
    },
  };
  let thrown: unknown;
  try {
    await runStoreTrial(ctx as unknown as CheckContext, { store: 'redis', fault: 'hang' });
  } catch (error) {
    thrown = error;
  }
  const methods = asked.map(({ method }) => method);
  const kinds = recorded.map(({ kind }) => kind);
  return { methods, asked, recorded, kinds, thrown };
}

test('should write, inject, heal and read back, in this order', async () => {
  const { methods, kinds, thrown } = await trialWith({});
  assert.equal(thrown, undefined);
  const order = [
    'clientLoad.start',
    'fault.inject',
    'fault.restore',
    'clientLoad.stop',
    'clientLoad.readBack',
  ];
  assert.deepEqual(methods.filter((method) => order.includes(method)).slice(0, order.length), order);
  assert.equal(kinds.includes('deadline'), false);
  assert.equal(kinds.includes('no-fault'), false);
});

test('should look for members that somebody else evicts until roles were compared', async () => {
  const { asked } = await trialWith({});
  const order = asked.flatMap(({ method, params }) =>
    ['observer.stop', 'state.compare'].includes(method) ? [[method, params['lookOn']]] : [],
  );
  assert.deepEqual(order, [
    ['observer.stop', true],
    ['state.compare', undefined],
    ['observer.stop', undefined],
  ]);
});

test('should give a member that went once more as long as one that came back late', async () => {
  const { asked } = await trialWith({}, { membersRejoinedMs: 50_000 });
  const waits = asked.flatMap(({ method, params }) =>
    method === 'store.steady' ? [Number(params.timeoutMs)] : [],
  );
  const [healed = 0, after = 0] = waits.slice(-2);
  assert.equal(healed, 50_000);
  assert.ok(after > 45_000 && after <= 50_000, `${after} ms are left of 50,000`);
});

test('should hit nothing when the store is not steady', async () => {
  const { methods, kinds } = await trialWith({ 'store.steady': () => ({ ok: false, detail: 'no leader' }) });
  assert.deepEqual(methods, ['store.steady']);
  assert.deepEqual(kinds, ['stage', 'steady']);
});

test('should wait no longer than a start takes for a store that refuses the login before the fault, and be patient after it', async () => {
  const { asked } = await trialWith({});
  const waits = asked.filter(({ method }) => method === 'store.steady');
  assert.deepEqual(
    waits.map(({ params }) => params['refusedMs']),
    [1000, undefined, undefined],
  );
});

test('should hit nothing and record why when the store refuses the login', async () => {
  const refused = { ok: false, leader: null, detail: 'it refuses the account', cannotAsk: 'credentials' };
  const { methods, recorded } = await trialWith({ 'store.steady': () => refused });
  assert.deepEqual(methods, ['store.steady']);
  assert.deepEqual(recorded.at(-1), {
    kind: 'steady',
    ok: false,
    detail: refused.detail,
    cannotAsk: 'credentials',
  });
});

test('should hit nothing when not one write gets through, and say why', async () => {
  const unreachable = new RequestError('permission denied for table plumbline', 'unreachable');
  const { methods, recorded, thrown } = await trialWith({
    'clientLoad.start': () => Promise.reject(unreachable),
  });
  assert.equal(thrown, undefined);
  assert.equal(methods.includes('fault.inject'), false);
  assert.deepEqual(recorded.at(-1), { kind: 'no-fault', reason: unreachable.message });
});

test('should hit nothing when writes do not flow, and say why', async () => {
  const { methods, recorded } = await trialWith({
    'clientLoad.wait': () => ({ met: false, detail: 'no answer for 9 s' }),
  });
  assert.equal(methods.includes('fault.inject'), false);
  assert.deepEqual(
    recorded.filter(({ kind }) => kind === 'no-fault'),
    [{ kind: 'no-fault', reason: 'no answer for 9 s' }],
  );
  assert.deepEqual(methods.slice(-3), ['clientLoad.stop', 'observer.stop', 'fault.restore']);
});

test('should wait for nothing after a fault that did not land', async () => {
  const { asked } = await trialWith({
    'fault.inject': () => ({ target: 'redis-0', landedAtMs: null, lasting: false }),
  });
  const injected = asked.findIndex(({ method }) => method === 'fault.inject');
  const waits = asked.slice(injected).filter(({ method }) => method === 'clientLoad.wait');
  assert.deepEqual(
    waits.map(({ params }) => [params['begunBefore'], params['reads']]),
    [
      [true, true],
      [true, undefined],
    ],
  );
});

test('should wait a while for reads that still fail, and read back whether they come or not', async () => {
  const { asked, recorded } = await trialWith({
    'clientLoad.wait': ({ reads }) => (reads === true ? { met: false, detail: 'reads fail' } : STRETCH),
  });
  const waited = asked.find(({ params }) => params['reads'] === true);
  assert.deepEqual([waited?.params['stretchMs'], waited?.params['timeoutMs']], [5000, 1000]);
  assert.ok(asked.some(({ method }) => method === 'clientLoad.readBack'));
  assert.ok(!recorded.some(({ kind }) => kind === 'deadline'), 'reads have no deadline of their own');
});

test('should end without a fault where clients were not served steadily once it was prepared', async () => {
  const proof = 'clients were not served steadily before the fault: no answer for 9 s';
  const { methods, recorded } = await trialWith({
    'fault.inject': () => ({ target: 'redis-0', landedAtMs: null, proof, untouched: true }),
  });
  assert.deepEqual(recorded.at(-1), { kind: 'no-fault', reason: proof });
  assert.deepEqual(methods.slice(methods.indexOf('fault.inject') + 1), [
    'clientLoad.stop',
    'observer.stop',
    'fault.restore',
  ]);
});

test('should see writes without a failure for as long before the fault as ends an outage after it', async () => {
  const { asked } = await trialWith({});
  const [before] = asked.filter(({ method }) => method === 'clientLoad.wait');
  assert.deepEqual([before?.params['until'], before?.params['stretchMs']], ['steady', 5000]);
  const longer = await trialWith({}, { steadyBeforeMs: 12_000 });
  assert.equal(longer.asked.find(({ method }) => method === 'clientLoad.wait')?.params['stretchMs'], 12_000);
});

test('should note the deadline when writes do not succeed again', async () => {
  let injected = false;
  const { recorded } = await trialWith({
    'fault.inject': () => {
      injected = true;
      return { target: 'redis-0', landedAtMs: 1000, lasting: false };
    },
    'clientLoad.wait': ({ begunBefore }) =>
      injected && begunBefore !== true ? { met: false, detail: 'last success 60 s ago' } : STRETCH,
  });
  assert.deepEqual(
    recorded.filter(({ kind }) => kind === 'deadline'),
    [{ kind: 'deadline', rtoDeadlineMs: 1000, detail: 'last success 60 s ago' }],
  );
});

test('should note the deadline when a member that rejoined stalls the writes for good', async () => {
  const { recorded, methods } = await trialWith({
    'clientLoad.wait': (params) =>
      params['openEnded'] === true ? { met: false, detail: 'stalled' } : STRETCH,
  });
  assert.deepEqual(
    recorded.filter(({ kind }) => kind === 'deadline'),
    [{ kind: 'deadline', rtoDeadlineMs: 1000, detail: 'stalled' }],
  );
  assert.equal(methods.includes('clientLoad.readBack'), true);
});

test('should give a majority back before it waits for writes', async () => {
  const { methods, kinds } = await trialWith(
    { 'fault.inject': () => ({ target: 'redis-0, redis-1', landedAtMs: 1000, lasting: true }) },
    { target: 'majority' },
  );
  const injected = methods.indexOf('fault.inject');
  assert.deepEqual(methods.slice(injected, injected + 3), [
    'fault.inject',
    'fault.restore',
    'clientLoad.wait',
  ]);
  assert.equal(kinds.includes('given-back'), true);
});

test('should keep what lasts in force until writes were seen to succeed', async () => {
  const { methods } = await trialWith({
    'fault.inject': () => ({ target: 'redis-0', landedAtMs: 1000, lasting: true }),
  });
  const injected = methods.indexOf('fault.inject');
  assert.deepEqual(methods.slice(injected, injected + 3), [
    'fault.inject',
    'clientLoad.wait',
    'fault.restore',
  ]);
});

test('should leave nothing running when a step breaks off', async () => {
  const { methods, thrown } = await trialWith({
    'fault.inject': () => Promise.reject(new Error('the runner lost the Lease')),
  });
  assert.match(String(thrown), /lost the Lease/);
  assert.deepEqual(methods.slice(-3), ['clientLoad.stop', 'observer.stop', 'fault.restore']);
});

test('should read nothing back from a store whose members stay away, and say that it is not steady', async () => {
  let seen = 0;
  const { methods, recorded } = await trialWith({
    'store.steady': () => ({ ok: seen++ === 0, detail: 'redis-2 is missing' }),
  });
  assert.equal(methods.includes('clientLoad.readBack'), false);
  assert.deepEqual(recorded.at(-1), { kind: 'steady-after', ok: false, detail: 'redis-2 is missing' });
});

test('should ask for the fault to be undone though neither load nor observer can be stopped, and say why', async () => {
  const full = new Error('ENOSPC: no space left on device');
  const { methods, thrown } = await trialWith({
    'clientLoad.stop': () => Promise.reject(full),
    'observer.stop': () => Promise.reject(new Error('it is not there')),
    'clientLoad.readBack': () => Promise.reject(new Error('never asked')),
  });
  assert.equal(thrown, full);
  assert.deepEqual(methods.slice(-3), ['clientLoad.stop', 'observer.stop', 'fault.restore']);
});
