import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FaultContext } from './fault.ts';
import { faultOf } from './index.ts';
import { chooseTarget } from './target.ts';

const members = ['pg-0', 'pg-1', 'pg-2'].map((name) => ({ name, uid: `uid-${name}`, node: 'worker-1' }));
type Written = { kind: string } & Record<string, unknown>;

function context(over: Partial<FaultContext>): {
  ctx: FaultContext;
  written: Written[];
  performed: string[];
} {
  const written: Written[] = [];
  const performed: string[] = [];
  const ctx: FaultContext = {
    check: 'failover/postgres/pod-delete',
    store: 'postgres',
    target: 'leader',
    embedded: undefined,
    namespace: 'tender',
    statefulSet: 'postgres',
    leader: 'pg-1',
    members,
    kube: () => Promise.resolve({ status: 404, body: {} }),
    perform: async (mutation) => {
      performed.push(mutation.title);
      await mutation.act();
    },
    restore: () => Promise.resolve(),
    write: (observation) => written.push(observation),
    timeoutMs: () => 300,
    settings: {},
    signal: new AbortController().signal,
    ...over,
  };
  return { ctx, written, performed };
}

const nameOf = (target: string, leader: string | null = 'pg-1', random = 0): string => {
  const chosen = chooseTarget({ target, leader, members, store: 'postgres' }, () => random);
  return 'member' in chosen ? chosen.member.name : chosen.reason;
};

test('the target is the leader, a replica, any member, or the pod of a name', () => {
  assert.equal(nameOf('leader'), 'pg-1');
  assert.deepEqual([nameOf('replica'), nameOf('replica', 'pg-1', 0.99)], ['pg-0', 'pg-2']);
  assert.equal(nameOf('random', 'pg-1', 0.5), 'pg-1');
  assert.equal(nameOf('pg-2'), 'pg-2');
});

test('a target that nobody is lands nowhere, and says who was there', async () => {
  assert.match(nameOf('pg-99'), /no pod named pg-99 now \(members: pg-0, pg-1, pg-2; leader: pg-1\)/);
  assert.match(nameOf('leader', null), /no leader/);
  for (const id of ['pod-crash', 'pod-delete']) {
    const { ctx, written, performed } = context({ target: 'pg-99' });
    const result = await faultOf(id).inject(ctx);
    assert.equal(result.landedAtMs, null);
    assert.deepEqual(
      written.map(({ kind }) => kind),
      ['fault-missed'],
    );
    assert.deepEqual(performed, []);
  }
});

test('a crash of a pod without a process is missed, not landed', async () => {
  const { ctx, written, performed } = context({
    embedded: 'local-small',
    members: [{ name: 'pg-1', uid: 'none-of-that-uid', node: 'worker-1' }],
  });
  const result = await faultOf('pod-crash').inject(ctx);
  assert.equal(result.landedAtMs, null);
  assert.match(result.proof, /pg-1 has no process on worker-1/);
  assert.deepEqual(
    written.map(({ kind }) => kind),
    ['fault-armed', 'fault-missed'],
  );
  assert.deepEqual(performed, []);
});

test('a deletion has landed when the API knows another UID under the name, and is bracketed in time', async () => {
  let gets = 0;
  const { ctx, written } = context({
    kube: ({ method }) => {
      if (method === 'DELETE') return Promise.resolve({ status: 200, body: {} });
      const uid = ++gets < 3 ? 'uid-pg-1' : 'a new one';
      return Promise.resolve({ status: 200, body: { metadata: { uid } } });
    },
  });
  const result = await faultOf('pod-delete').inject(ctx);
  assert.deepEqual(
    written.map(({ kind }) => kind),
    ['fault-armed', 'fault-acted', 'fault-landed'],
  );
  const [from, to] = written.at(-1)?.['betweenMs'] as [number, number];
  assert.ok(from < to && to === result.landedAtMs);
});

test('a deletion that comes too late, is refused, or never takes effect is missed', async () => {
  for (const [status, reason] of [
    [404, /gone before/],
    [409, /gone before/],
    [403, /refused.*403/],
  ] as const) {
    const { ctx, written } = context({ kube: () => Promise.resolve({ status, body: {} }) });
    assert.match((await faultOf('pod-delete').inject(ctx)).proof, reason);
    assert.equal(written.at(-1)?.kind, 'fault-missed');
  }
  const { ctx } = context({
    kube: () => Promise.resolve({ status: 200, body: { metadata: { uid: 'uid-pg-1' } } }),
  });
  assert.match((await faultOf('pod-delete').inject(ctx)).proof, /still in the API after 300 ms/);
});

test('crashing a pod is refused where this machine is not the environment', () => {
  assert.match(faultOf('pod-crash').refusal({}) ?? '', /embedded environment only/);
  assert.equal(faultOf('pod-crash').refusal({ embedded: 'local' }), null);
  assert.equal(faultOf('pod-delete').refusal({}), null);
  assert.throws(() => faultOf('meteor'), /no fault "meteor"; there are pod-crash, pod-delete/);
});
