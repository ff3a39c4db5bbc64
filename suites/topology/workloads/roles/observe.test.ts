import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../../_testing/histories.ts';
import type { Seen } from '../../../_testing/histories.ts';
import { monoMs } from '../../../../host/clock.ts';
import { RequestError } from '../../../harness/request-error.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { recordMembers, recordReadService, recordUnseen } from './observe.ts';

test('false verdict 17: only a server that is known to run and refuses, or is silent, is down', () => {
  const seenOf = (error: unknown): unknown[] => {
    const seen: unknown[] = [];
    const context = {
      signal: new AbortController().signal,
      record: (kind: string, fields: { cause: string }) => seen.push(kind, fields.cause),
    };
    recordUnseen(context as unknown as CheckContext, 'postgres', error);
    return seen;
  };
  assert.deepEqual(seenOf(new RequestError('ECONNREFUSED', 'down/refuses')), ['store-down', 'refuses']);
  assert.deepEqual(seenOf(new RequestError('no answer', 'down/silent')), ['store-down', 'silent']);
  for (const cause of ['route', 'tls', 'credentials', 'protocol', 'manager', 'members'])
    assert.deepEqual(seenOf(new RequestError('no', `cannot-ask/${cause}`)), ['store-unasked', cause]);
  assert.deepEqual(seenOf(new RequestError('unknown', 'crash')), ['store-unasked', 'protocol']);
});

test('should leave open whether a read Service refuses writes where nothing says it', async () => {
  const said: Seen[] = [];
  const context = {
    id: 'topology/workloads/roles',
    settings: { readOnly: false },
    timeoutMs: () => 1_000,
    step: (_what: string, take: () => unknown) => take(),
    record: (...line: Seen) => said.push(line),
    runner: { call: () => Promise.reject(new RequestError('Connection terminated', 'down/silent')) },
  };
  const at = { host: 'reads.data', port: 5432 };
  await recordReadService(context as unknown as CheckContext, 'postgres', at);
  const unknown = { store: 'postgres', address: 'reads.data:5432', refused: null };
  assert.deepEqual(said, [['read-service', { ...unknown, detail: 'Connection terminated' }]]);
  const postgres = { members: 1, primary: { host: 'h', port: 5432 }, replica: at };
  const { verdict, reason } = judge({
    check: 'topology/workloads/roles',
    settings: { stores: { postgres } },
    seen: [
      ['described', { store: 'postgres', leader: 'pg-0' }],
      ['member', { store: 'postgres', name: 'pg-0', role: 'leader', state: 'running' }],
      ...said,
    ],
  });
  assert.equal(verdict, 'inconclusive');
  assert.match(reason, /read Service of postgres: expected refuses a write, seen Connection terminated/);
});

test('should ask the read Service in a read-only run, and try to write to it in any other', async () => {
  for (const [readOnly, method] of [
    [true, 'store.onlyReads'],
    [false, 'store.refusesWrites'],
  ] as const) {
    const said: unknown[] = [];
    const context = {
      id: 'topology/workloads/roles',
      settings: { readOnly },
      timeoutMs: () => 1_000,
      step: (_what: string, take: () => unknown) => take(),
      record: (...line: unknown[]) => said.push(line),
      runner: {
        call: (asked: string) => Promise.resolve({ refused: asked === method, detail: asked }),
      },
    };
    const at = { host: 'reads.data', port: 5432 };
    await recordReadService(context as unknown as CheckContext, 'postgres', at);
    const seen = { store: 'postgres', address: 'reads.data:5432', refused: true, detail: method };
    assert.deepEqual(said, [['read-service', seen]]);
  }
});

test('false verdict 71: should look again at a store that is not well for a moment, and record what stays so', async () => {
  const healthAfter = async (looks: number): Promise<unknown[]> => {
    let look = 0;
    const said: unknown[] = [];
    const describe = () => {
      look += 1;
      const condition = { name: 'health', ok: look >= looks, expected: 'green', seen: `look ${look}` };
      const member = { name: 'es-0', role: 'master', state: 'joined' };
      return Promise.resolve({ leader: 'es-0', members: [member], conditions: [condition], governing: [] });
    };
    const context = {
      signal: new AbortController().signal,
      record: (kind: string, fields: { seen: string }) => kind === 'condition' && said.push(fields.seen),
      runner: { call: describe },
    };
    await recordMembers(context as unknown as CheckContext, 'elasticsearch', monoMs() + 2500);
    return said;
  };
  assert.deepEqual(await healthAfter(1), ['look 1']);
  assert.deepEqual(await healthAfter(2), ['look 2']);
});
