import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import type { KubeCall } from '../provider-safety.ts';
import { situationOf } from './_testing/situation.ts';
import type { Item } from './item.ts';
import { openshift } from './openshift.ts';

const staging = await loadEnvironment('staging');
const local = await loadEnvironment('local-small');

interface Review {
  spec: {
    user?: string;
    resourceAttributes: { verb: string; resource: string; name: string; namespace: string };
  };
}

/** An API server with the API group of OpenShift. @param others what it says of other accounts; null: who asks may not ask that */
function server(may: (asked: string) => boolean, others: boolean | null = null): KubeCall {
  return ({ method, path, body }) => {
    if (method === 'GET')
      return Promise.resolve({ status: path === '/apis/security.openshift.io' ? 200 : 404, body: {} });
    const { user, resourceAttributes: of } = (body as Review).spec;
    assert.equal(`${of.verb} ${of.resource}`, 'use securitycontextconstraints');
    if (user !== undefined && others === null) return Promise.resolve({ status: 403, body: {} });
    const asked = `${of.name} in ${of.namespace}`;
    const allowed = user === undefined ? may(asked) : others;
    return Promise.resolve({ status: 201, body: { status: { allowed } } });
  };
}

const lines = (items: readonly Item[]): string[] =>
  items.map(({ what, state }) => `${state}: ${what.replace('use of the SecurityContextConstraints ', '')}`);
const looked = (kube: KubeCall, checks?: string[]): Promise<Item[]> =>
  openshift.look(situationOf(staging, kube, checks === undefined ? {} : { checks }));

test('should name each SecurityContextConstraints that an account may not use, and what cannot be asked', async () => {
  const found = await looked(server(() => false));
  assert.deepEqual(lines(found), [
    'unknown: nonroot-v2 in plumbline-system (Jobs that undo)',
    'missing: nonroot-v2 in plumbline-canary (canaries)',
    'unknown: nonroot-v2 in plumbline-canary (canaries on every node)',
    'missing: privileged in plumbline-drill (privileged pods of drills)',
  ]);
  const [undo, canaries] = found;
  assert.match(
    undo?.add ?? '',
    /^kubectl auth can-i use securitycontextconstraints\.security\.openshift\.io\/nonroot-v2 -n plumbline-system --as=system:serviceaccount:plumbline-system:plumbline-undo /,
  );
  for (const { add } of [undo, canaries].filter((one) => one !== undefined))
    assert.match(add ?? '', /kubectl apply -f deploy\/openshift\.yaml/);
});

test('should find nothing missing where they may, and say of the undo Jobs what an administrator can ask', async () => {
  const states = async (others: boolean): Promise<string[]> =>
    (await looked(server(() => true, others))).map(({ state }) => state);
  assert.deepEqual(await states(true), ['ok', 'ok', 'ok', 'ok']);
  assert.deepEqual(await states(false), ['missing', 'ok', 'missing', 'ok']);
  const read = await looked(
    server(() => false),
    ['topology/nodes/pools'],
  );
  assert.deepEqual(lines(read), ['unknown: nonroot-v2 in plumbline-system (Jobs that undo)']);
});

test('should ask for privileged where canaries of GPUs ask kubelet', async () => {
  const { gpu } = staging;
  assert.ok(gpu !== undefined);
  const asking = { ...staging, gpu: { ...gpu, podResources: { command: ['ask-kubelet'] } } };
  const found = await openshift.look(
    situationOf(
      asking,
      server(() => true),
      { checks: ['gpu/**'] },
    ),
  );
  assert.ok(lines(found).includes('ok: privileged in plumbline-canary (canaries)'));
});

test('should say nothing of other clusters, nor of one that Plumbline provisions', async () => {
  const other = (status: number) => looked(() => Promise.resolve({ status, body: {} }));
  assert.deepEqual(await other(404), []);
  assert.deepEqual(lines(await other(403)), ['unknown: SecurityContextConstraints']);
  assert.deepEqual(
    await openshift.look(
      situationOf(
        local,
        server(() => false),
      ),
    ),
    [],
  );
});
