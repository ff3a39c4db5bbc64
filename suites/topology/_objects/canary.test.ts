import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idlePod } from '../../_breaking/objects.ts';
import type { CheckContext } from '../../harness/context.ts';
import { reachObjects } from '../network/reachability/reach.ts';
import { canaryImage, canaryPod, offOthers, onNodes } from './canary.ts';

type Labels = Record<string, string>;
interface Term {
  matchFields?: { key: string; operator: string; values: string[] }[];
  matchExpressions?: { key: string; operator: string; values: string[] }[];
}

const termsOf = (affinity: unknown): Term[] =>
  (
    affinity as {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: Term[] } };
    }
  ).nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms;

test('should name nodes by their objects, whatever their hostname label is, with one name in a term', () => {
  const terms = termsOf(onNodes(['ip-10-0-0-1.internal', 'worker-2']));
  assert.deepEqual(terms, [
    { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['ip-10-0-0-1.internal'] }] },
    { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['worker-2'] }] },
  ]);
  assert.throws(() => onNodes([]), /at least one node/, 'the API server refuses an affinity without a term');
});

/** Whether the affinity lets a pod go to a node with these labels, as Kubernetes reads `NotIn`: also where the label is missing. */
function allows(others: Labels[], labels: Labels): boolean {
  const nodes = { others: others.map((one) => ({ labels: one, reason: 'r' })), passingTaints: [] };
  const { affinity } = offOthers({ settings: { nodes } } as unknown as CheckContext);
  if (affinity === undefined) return true;
  const terms = termsOf(affinity).map(({ matchExpressions = [] }) => matchExpressions);
  return terms.some((term) =>
    term.every(({ key, operator, values }) => {
      assert.equal(operator, 'NotIn');
      return !values.includes(labels[key] ?? '');
    }),
  );
}

test('should keep a pod off every node that has all labels of one entry of others, and off no other', () => {
  const others: Labels[] = [{ team: 'search', pool: 'big' }, { owner: 'x' }];
  assert.equal(allows(others, { team: 'search', pool: 'big' }), false);
  assert.equal(allows(others, { owner: 'x', team: 'ours' }), false);
  assert.equal(allows(others, { team: 'search', pool: 'small' }), true);
  assert.equal(allows(others, { team: 'ours', pool: 'big' }), true);
  assert.equal(allows(others, {}), true);
  assert.deepEqual(
    offOthers({ settings: {} } as CheckContext),
    {},
    'where none are declared, pods go anywhere',
  );
});

test('should read the declaration where a check is given the whole topology', () => {
  const others = [{ labels: { team: 'search' }, reason: 'r' }];
  const settings = { topology: { nodes: { others, passingTaints: [] } } };
  assert.notDeepEqual(offOthers({ settings } as unknown as CheckContext), {});
});

test('should take the image of the first workload that serves and names one, not one that injection fills in', async () => {
  const named = (name: string, image: string) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'shop', name },
    spec: { template: { spec: { containers: [{ name, image }] } } },
  });
  const imageOf = (...objects: object[]) => {
    const workloads = ['gateway', 'api'].map((name) => ({
      kind: 'Deployment',
      namespace: 'shop',
      name,
      serves: true,
    }));
    const context = { settings: { workloads }, cluster: { items: () => Promise.resolve(objects) } };
    return canaryImage(context as unknown as CheckContext);
  };
  assert.equal(await imageOf(named('gateway', 'auto'), named('api', 'api:1')), 'api:1');
  assert.equal(await imageOf(named('gateway', 'gateway:1'), named('api', 'api:1')), 'gateway:1');
  assert.equal(await imageOf(named('gateway', 'auto')), null);
});

test('should keep the proxies of meshes out of its pods: one would go on when the canary has ended, and be measured along', () => {
  const ctx = { id: 'a/b', settings: { namespaces: { canary: 'c' } } } as unknown as CheckContext;
  const [daemonSet] = reachObjects(ctx, { image: 'i', nodes: ['n'] });
  const labelled = { labels: { app: 'x' }, annotations: { own: 'y' } };
  const pods = [
    canaryPod({ name: 'p', ...labelled }, { name: 'c', image: 'i' }),
    idlePod('p', 'i'),
    (daemonSet?.['spec'] as { template: object }).template,
  ] as { metadata: { labels: Labels; annotations: Labels } }[];
  for (const { metadata } of pods) {
    assert.equal(metadata.labels['sidecar.istio.io/inject'], 'false');
    assert.equal(metadata.annotations['sidecar.istio.io/inject'], 'false');
    assert.equal(metadata.annotations['linkerd.io/inject'], 'disabled');
  }
  const [{ metadata: kept }] = pods as [(typeof pods)[number]];
  assert.deepEqual([kept.labels['app'], kept.annotations['own']], ['x', 'y']);
});

test('should give each pod a label with a name, which policies ask for, and keep one that it has', () => {
  const nameOf = (labels: Labels): string | undefined =>
    canaryPod({ name: 'p', labels }, { name: 'c', image: 'i' }).metadata.labels?.['app.kubernetes.io/name'];
  assert.equal(nameOf({ app: 'x' }), 'plumbline-canary');
  assert.equal(nameOf({ 'app.kubernetes.io/name': 'breach' }), 'breach');
});
