import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deleteOptions, ENTRY_ANNOTATION, fieldState, undoKube } from './undo-kube.ts';
import type { Json, KubeCall, KubeRequest } from './undo-kube.ts';

/** One object behind the three verbs that undoing uses, with optimistic writes as the API server has them. */
function server(object: Json | null): { call: KubeCall; sent: KubeRequest[]; state: () => Json | null } {
  let held = object as Record<string, never> | null;
  const sent: KubeRequest[] = [];
  const call: KubeCall = (request) => {
    sent.push(request);
    if (request.method === 'POST') {
      if (held) return Promise.resolve({ status: 409, body: {} });
      held = request.body as Record<string, never>;
      return Promise.resolve({ status: 201, body: held });
    }
    if (!held) return Promise.resolve({ status: 404, body: {} });
    if (request.method === 'DELETE') held = null;
    if (request.method === 'PATCH') held = merge(held, request.body as Json) as Record<string, never>;
    return Promise.resolve({ status: 200, body: held });
  };
  return { call, sent, state: () => held };
}

function merge(into: Json, patch: Json): Json {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base = new Map(
    Object.entries(typeof into === 'object' && into !== null && !Array.isArray(into) ? into : {}),
  );
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) base.delete(key);
    else base.set(key, merge(base.get(key) ?? null, value));
  }
  return Object.fromEntries(base);
}

const node = (spec: Json): Json => ({ metadata: { uid: 'u1', resourceVersion: '7' }, spec });
const cordon = {
  kind: 'kube-patch' as const,
  path: '/api/v1/nodes/worker-1',
  uid: 'u1',
  fields: [
    { at: ['spec', 'unschedulable'], before: [] as [], after: [true] as [Json] },
    { at: ['spec', 'taints'], before: [] as [], after: [[{ key: 'a', effect: 'NoExecute' }]] as [Json] },
  ],
};

test('puts changed fields back, tolerating what the server added to them', async () => {
  const { call, state } = server(
    node({ podCIDR: 'x', unschedulable: true, taints: [{ key: 'a', effect: 'NoExecute', timeAdded: 't' }] }),
  );
  assert.deepEqual(await undoKube(cordon, call, 1000), { outcome: 'undone' });
  assert.deepEqual((state() as { spec: Json }).spec, { podCIDR: 'x' });
  assert.deepEqual(await undoKube(cordon, call, 1000), { outcome: 'already' });
});

test('leaves a field alone that someone else has changed since, and says which', async () => {
  const { call, state } = server(
    node({ unschedulable: true, taints: [{ key: 'theirs', effect: 'NoSchedule' }] }),
  );
  const result = await undoKube(cordon, call, 1000);
  assert.equal(result.outcome, 'conflict');
  assert.match('note' in result ? result.note : '', /spec\.taints changed by someone else/);
  assert.deepEqual((state() as { spec: Json }).spec, { taints: [{ key: 'theirs', effect: 'NoSchedule' }] });
});

test('does nothing to another object of the same name, or to none', async () => {
  const replaced = server({
    metadata: { uid: 'other', resourceVersion: '1' },
    spec: { unschedulable: true },
  });
  assert.equal((await undoKube(cordon, replaced.call, 1000)).outcome, 'void');
  assert.equal(
    replaced.sent.some(({ method }) => method === 'PATCH'),
    false,
  );
  assert.equal((await undoKube(cordon, server(null).call, 1000)).outcome, 'void');
});

test('sends the resource version along, and tries again when it is outdated', async () => {
  const { call, sent } = server(node({ unschedulable: true }));
  let conflicts = 2;
  const busy: KubeCall = (request) =>
    request.method === 'PATCH' && conflicts-- > 0
      ? Promise.resolve({ status: 409, body: {} })
      : call(request);
  assert.equal((await undoKube({ ...cordon, fields: [cordon.fields[0]!] }, busy, 1000)).outcome, 'undone');
  const patch = sent.find(({ method }) => method === 'PATCH')?.body as {
    metadata: { resourceVersion: string };
  };
  assert.equal(patch.metadata.resourceVersion, '7');
});

test('deletes only what carries the marker of the action, by UID', async () => {
  const path = '/api/v1/namespaces/c/pods/p';
  const own = server({ metadata: { uid: 'u', annotations: { [ENTRY_ANNOTATION]: 'e1' } } });
  assert.deepEqual(await undoKube({ kind: 'kube-delete', path, marker: 'e1' }, own.call, 1000), {
    outcome: 'undone',
  });
  assert.deepEqual((own.sent.at(-1)?.body as { preconditions: Json }).preconditions, { uid: 'u' });
  const theirs = server({ metadata: { uid: 'u', annotations: { [ENTRY_ANNOTATION]: 'e2' } } });
  assert.deepEqual(await undoKube({ kind: 'kube-delete', path, marker: 'e1' }, theirs.call, 1000), {
    outcome: 'already',
  });
  assert.notEqual(theirs.state(), null);
});

test('creates again what was deleted, once', async () => {
  const { call, state } = server(null);
  const rollback = { kind: 'kube-create' as const, path: '/x', object: { metadata: { name: 'a' } } };
  assert.equal((await undoKube(rollback, call, 1000)).outcome, 'undone');
  assert.deepEqual(state(), { metadata: { name: 'a' } });
  assert.equal((await undoKube(rollback, call, 1000)).outcome, 'already');
});

test('an answer that is neither yes nor no can be tried again: it throws with what was said', async () => {
  const refuse: KubeCall = () => Promise.resolve({ status: 403, body: { message: 'forbidden: no' } });
  await assert.rejects(undoKube(cordon, refuse, 1000), /answered 403.*forbidden: no/);
});

test('a removed field counts as ours while it is absent, and as restored once it is back', () => {
  const removed = { at: ['spec', 'probe'], before: [{ port: 1 }] as [Json], after: [] as [] };
  assert.equal(fieldState({ spec: {} }, removed), 'ours');
  assert.equal(fieldState({ spec: { probe: { port: 1 } } }, removed), 'before');
  assert.equal(fieldState({ spec: { probe: { port: 2 } } }, removed), 'foreign');
});

/** An object to which a value was added at a path where there was none; `now`: what is there by now. */
function added(value: Json, now: Json): { undo: () => Promise<unknown>; state: () => Json } {
  const { call, state } = server({ ...(node({}) as object), field: now });
  const rollback = {
    kind: 'kube-patch' as const,
    path: '/x',
    uid: 'u1',
    fields: [{ at: ['field'], before: [] as [], after: [value] as [Json] }],
  };
  return {
    undo: async () => (await undoKube(rollback, call, 1000)).outcome,
    state: () => (state() as { field?: Json }).field ?? null,
  };
}

test('annotations that somebody else added to the ones that we added stay, and ours go', async () => {
  const ours = { restartedAt: 't' };
  const map = added(ours, { ...ours, theirs: 'x' });
  assert.equal(await map.undo(), 'undone');
  assert.deepEqual(map.state(), { theirs: 'x' });
  assert.equal(await map.undo(), 'already', 'nothing of ours is left, whoever asks once more');
  const within = added({ annotations: ours }, { annotations: { ...ours, theirs: 'x' } });
  assert.equal(await within.undo(), 'undone');
  assert.deepEqual(within.state(), { annotations: { theirs: 'x' } });
  assert.equal(await within.undo(), 'already');
  const alone = added({ annotations: ours }, { annotations: ours });
  assert.equal(await alone.undo(), 'undone');
  assert.equal(alone.state(), null, 'what we added goes whole');
  const changed = added(ours, { restartedAt: 'later', theirs: 'x' });
  assert.equal(await changed.undo(), 'conflict');
});

test('an object that we added goes with the defaults that the server put into it: the rest of it can be invalid', async () => {
  const affinity = { nodeAffinity: { required: { nodeSelectorTerms: [{ key: 'a' }] } } };
  const plain = added(affinity, affinity);
  assert.equal(await plain.undo(), 'undone');
  assert.equal(plain.state(), null);
  const behaviour = { scaleDown: { stabilizationWindowSeconds: 0 } };
  const policies = [{ type: 'Percent', value: 100 }];
  const defaulted = added(behaviour, {
    scaleDown: { stabilizationWindowSeconds: 0, policies },
    scaleUp: { policies },
  });
  assert.equal(await defaulted.undo(), 'undone');
  assert.equal(defaulted.state(), null);
});

test('an empty object that we added goes while it is empty, and what others put into it stays', async () => {
  const empty = added({}, {});
  assert.equal(await empty.undo(), 'undone');
  assert.equal(empty.state(), null);
  const filled = added({}, { theirs: 'x' });
  await filled.undo();
  assert.deepEqual(filled.state(), { theirs: 'x' });
});

test('what was deleted and is still going is not taken for created again: it is tried until it is gone', async () => {
  const { call } = server({ metadata: { name: 'a', deletionTimestamp: 't' } });
  const asked: string[] = [];
  const listening: KubeCall = (request) => {
    asked.push(`${request.method} ${request.path}`);
    return call(request);
  };
  const rollback = { kind: 'kube-create' as const, path: '/x', object: { metadata: { name: 'a' } } };
  await assert.rejects(undoKube(rollback, listening, 1000), /\/x\/a is still being deleted/);
  assert.deepEqual(asked, ['POST /x', 'GET /x/a']);
  const justGone: KubeCall = ({ method }) =>
    Promise.resolve({ status: method === 'POST' ? 409 : 404, body: {} });
  await assert.rejects(undoKube(rollback, justGone, 1000), /answered 404/);
});

test('a pod that undoes what it did is told to end with its own grace, and waited for', async () => {
  const path = '/api/v1/namespaces/plumbline-drill/pods/node-worker-1';
  const pod = { metadata: { uid: 'u1', annotations: { [ENTRY_ANNOTATION]: 'm1' } } };
  let looks = 0;
  const sent: KubeRequest[] = [];
  const call: KubeCall = (request) => {
    sent.push(request);
    if (request.method === 'GET' && ++looks > 3) return Promise.resolve({ status: 404, body: {} });
    return Promise.resolve({ status: 200, body: pod });
  };
  assert.deepEqual(await undoKube({ kind: 'kube-end', path, marker: 'm1' }, call, 100), {
    outcome: 'undone',
  });
  const deletion = sent.find(({ method }) => method === 'DELETE')?.body as Record<string, unknown>;
  assert.equal('gracePeriodSeconds' in deletion, false);
  assert.deepEqual(deletion['preconditions'], { uid: 'u1' });
  looks = 0;
  const other = await undoKube({ kind: 'kube-end', path, marker: 'another' }, call, 100);
  assert.deepEqual(other, { outcome: 'already' });
});

test('a deletion is without grace unless it is given some', () => {
  assert.equal((deleteOptions(undefined) as Record<string, unknown>)['gracePeriodSeconds'], 0);
  assert.equal((deleteOptions('u', 30) as Record<string, unknown>)['gracePeriodSeconds'], 30);
});
