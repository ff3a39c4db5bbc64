import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context } from './_testing/context.ts';
import { faultOf } from './index.ts';

interface Given {
  owner: { apiVersion?: string; kind: string; name: string; controller?: boolean } | null;
  labels?: Record<string, string>;
  /** As the API server has it; without it, it has none. */
  set?: { spec: object; status: object };
  /** With which the API server answers for StatefulSets. */
  status?: number;
}

/** What became of the deletion of pg-1, the leader, and what the API server was asked. */
async function deleted({
  owner,
  labels = {},
  set,
  status = 200,
}: Given): Promise<{ proof: string; asked: string[] }> {
  const asked: string[] = [];
  let isGone = false;
  const { ctx } = context({
    kube: ({ method, path }) => {
      asked.push(`${method} ${path}`);
      isGone ||= method === 'DELETE';
      if (path.includes('/statefulsets'))
        return Promise.resolve({ status, body: { items: set === undefined ? [] : [set] } });
      const ownerReferences = owner === null ? [] : [owner];
      const metadata = { uid: isGone ? 'a new one' : 'uid-pg-1', labels, ownerReferences };
      return Promise.resolve({ status: 200, body: { metadata } });
    },
  });
  const { proof } = await faultOf('pod-delete').inject(ctx);
  return { proof, asked };
}

const wasDeleted = ({ asked }: { asked: string[] }): boolean => asked.some((one) => one.startsWith('DELETE'));

test('a pod that nothing would create again is not deleted', async () => {
  for (const owner of [null, { kind: 'Cluster', name: 'pg' }]) {
    const refused = await deleted({ owner });
    assert.match(refused.proof, /pg-1 has no controller .*: nothing would create it again/);
    assert.equal(wasDeleted(refused), false);
  }
  const operated = await deleted({ owner: { kind: 'Cluster', name: 'pg', controller: true } });
  assert.match(operated.proof, /disappeared from the API server/);
});

const STATEFUL = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'pg', controller: true };
const ofSet = (revision: string, spec: object): Promise<{ proof: string; asked: string[] }> =>
  deleted({
    owner: STATEFUL,
    labels: { 'controller-revision-hash': revision },
    set: { spec, status: { currentRevision: 'old', updateRevision: 'new' } },
  });
const fromOrdinal = (partition: number, start?: number) => ({
  updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } },
  ...(start !== undefined && { ordinals: { start } }),
});

test('a pod is not deleted where its StatefulSet would create it with a template that it holds back', async () => {
  const onDelete = { updateStrategy: { type: 'OnDelete' } };
  for (const [revision, spec] of [
    ['old', onDelete],
    ['old', fromOrdinal(1)],
    ['old', {}],
    ['new', fromOrdinal(2)],
    ['new', fromOrdinal(1, 1)],
  ] as const) {
    const refused = await ofSet(revision, spec);
    assert.match(refused.proof, /StatefulSet pg would create pg-1 with another template/);
    assert.equal(wasDeleted(refused), false);
  }
  const held = await ofSet('old', onDelete);
  assert.match(held.proof, /\(revision new\) than it has now \(old\)/);
  assert.match(held.asked.at(-1) ?? '', /statefulsets\?fieldSelector=metadata\.name%3Dpg$/);
});

test('a pod is deleted where its StatefulSet creates it with the template that it has', async () => {
  for (const [revision, spec] of [
    ['new', { updateStrategy: { type: 'OnDelete' } }],
    ['old', fromOrdinal(2)],
    ['old', fromOrdinal(1, 1)],
    ['new', fromOrdinal(1)],
    ['new', {}],
  ] as const)
    assert.match((await ofSet(revision, spec)).proof, /disappeared from the API server/);
});

test('a pod is not deleted where it cannot be read what would be created', async () => {
  const labels = { 'controller-revision-hash': 'old' };
  const gone = await deleted({ owner: STATEFUL, labels });
  assert.match(
    gone.proof,
    /template StatefulSet pg would create pg-1 again is not known: there is no StatefulSet tender\/pg/,
  );
  assert.equal(wasDeleted(gone), false);
  const refused = await deleted({ owner: STATEFUL, labels, status: 403 });
  assert.match(refused.proof, /again is not known: the API server answered 403 for .*statefulsets/);
  assert.equal(wasDeleted(refused), false);
  const { ctx } = context({ kube: () => Promise.resolve({ status: 403, body: {} }) });
  assert.match((await faultOf('pod-delete').inject(ctx)).proof, /not known: the API server answered 403/);
});

test('a pod of a StatefulSet of another API group is deleted without a look at those of Kubernetes', async () => {
  const owner = { ...STATEFUL, apiVersion: 'apps.kruise.io/v1beta1' };
  const { proof, asked } = await deleted({ owner, labels: { 'controller-revision-hash': 'old' } });
  assert.match(proof, /disappeared from the API server/);
  assert.equal(
    asked.some((one) => one.includes('/statefulsets')),
    false,
  );
});
