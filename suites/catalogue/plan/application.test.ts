import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import type { Application, Environment } from '../../../env/schema.ts';
import { rowOf } from '../rows.ts';
import { whyNotRun } from './plan.ts';

const local = await loadEnvironment('local', { with: ['all'] });
const declared = local.application ?? assert.fail();

function why(id: string, application: Application | undefined, of: Environment = local): string | null {
  const { application: _declared, ...rest } = of;
  const environment: Environment = { ...rest, ...(application !== undefined && { application }) };
  return whyNotRun(environment, rowOf(id) ?? assert.fail(id))?.text ?? null;
}

function without(...names: (keyof Application['requests'])[]): Application {
  const requests = Object.entries(declared.requests).filter(([name]) => !names.some((one) => one === name));
  return { ...declared, requests: Object.fromEntries(requests) as Application['requests'] };
}

test('should run what goes through the edge with the contract of the reference backend', () => {
  for (const id of [
    'topology/edge/path',
    'failover/backend/pod-crash',
    'failover/ai/pod-crash',
    'telemetry/correlation',
  ])
    assert.equal(why(id, declared), null, id);
});

test('should name the contract where there is none', () => {
  for (const id of ['failover/backend/pod-crash', 'performance/api/latency', 'scaling/backend/up'])
    assert.equal(why(id, undefined), 'not declared: application', id);
  assert.match(
    why('topology/edge/path', undefined) ?? '',
    /^not declared: application, application\.proof: /,
    'all of it at once',
  );
});

test('should name the request, or what of it is not said', () => {
  assert.match(
    why('failover/ai/pod-crash', without('create')) ?? '',
    /^not declared: application\.requests\.create, /,
  );
  assert.equal(
    why('performance/ai/latency', without('draft')),
    'not declared: application.requests.draft, application.requests.draft.state',
  );
  const { read, ...rest } = declared.requests;
  const { state: _state, ...stateless } = read ?? assert.fail();
  assert.equal(
    why('failover/ai/pod-crash', { ...declared, requests: { ...rest, read: stateless } }),
    'not declared: application.requests.read.state',
  );
  assert.match(
    why('telemetry/traces/complete', without('create')) ?? '',
    /the request of application\.requests that telemetry\.canary\.request names/,
  );
  assert.equal(why('failover/backend/pod-crash', without('create', 'read', 'draft', 'list')), null);
});

test('should leave out what cannot be followed, and say why', () => {
  const traced: Application = { ...declared, follow: 'trace', proof: 'answers' };
  assert.equal(why('telemetry/traces/complete', traced), null);
  const ofLogs = ['telemetry/correlation', 'telemetry/logs/under-fault'];
  const fields = { ...local.telemetry?.logs?.fields, traceId: 'trace_id' };
  const logs = { ...(local.telemetry?.logs ?? assert.fail()), fields };
  const written = { ...local, telemetry: { ...(local.telemetry ?? assert.fail()), logs } };
  const { traceId: _traceId, ...others } = fields;
  const unwritten = { ...written, telemetry: { ...written.telemetry, logs: { ...logs, fields: others } } };
  for (const id of ofLogs) {
    assert.match(
      why(id, traced, unwritten) ?? '',
      /^not declared: application\.follow: .* or trace, with telemetry\.logs\.fields\.traceId, where they have its trace id$/,
    );
    assert.equal(why(id, traced, written), null, id);
    assert.equal(why(id, declared, unwritten), null, id);
  }
  const alone: Application = { ...declared, follow: 'none', proof: 'answers' };
  assert.match(
    why('telemetry/traces/complete', alone) ?? '',
    /^not declared: application\.follow: by a header that is repeated, or by its trace$/,
  );
});

test('should not claim that a request passed the chain where nothing shows that the service answered', () => {
  const unproved: Application = { ...declared, follow: 'none', proof: 'none' };
  assert.match(
    why('topology/edge/path', unproved) ?? '',
    /^not declared: application\.proof: what tells an answer of the service/,
  );
  assert.equal(why('topology/edge/path', { ...unproved, proof: { header: 'x-service' } }), null);
  assert.equal(why('failover/backend/pod-crash', unproved), null);
});
