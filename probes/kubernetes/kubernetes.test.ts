import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorOfAnswer, errorOfFailure, KubeError, unavailableText } from './errors.ts';
import { compareVersions } from './cache/informer.ts';
import { kindOf, pathOf } from './kinds.ts';
import { describe, hasFailed, isIn } from './cache/ready.ts';
import { keepPodFields, podField, trim } from './cache/trim.ts';
import type { PodObject } from './objects.ts';
import type { KubeObject } from './types.ts';

const where = { verb: 'list', path: '/api/v1/pods' };

test('should give every refusal its reason in one word', () => {
  const reasons = {
    401: 'unauthorized',
    403: 'forbidden',
    404: 'notFound',
    409: 'conflict',
    410: 'gone',
    422: 'invalid',
    500: 'server',
    503: 'server',
  };
  for (const [status, reason] of Object.entries(reasons))
    assert.equal(errorOfAnswer(Number(status), '{}', where).reason, reason);
  const error = errorOfAnswer(403, '{"kind":"Status","message":"pods is forbidden"}', where);
  assert.equal(unavailableText(error), 'forbidden: list /api/v1/pods: 403 pods is forbidden');
  assert.match(errorOfAnswer(502, '<html>Bad Gateway</html>', where).message, /502 <html>/);
  const webhook = JSON.stringify({ message: 'denied by\n\u2713 pass  all' });
  assert.match(errorOfAnswer(403, webhook, where).message, /: 403 denied by \u2713 pass all$/);
});

test('should tell a deadline from an abort from a dead server', () => {
  const failure = (flags: { timedOut: boolean; aborted: boolean }) =>
    errorOfFailure(new Error('ECONNREFUSED'), { ...where, server: 'https://a', timeoutMs: 5, ...flags });
  assert.equal(failure({ timedOut: false, aborted: false }).reason, 'unreachable');
  assert.equal(failure({ timedOut: true, aborted: false }).reason, 'timeout');
  assert.equal(failure({ timedOut: true, aborted: true }).reason, 'aborted');
  const own = new KubeError('gone', 'm', where);
  assert.equal(
    errorOfFailure(own, { ...where, server: '', timeoutMs: 0, timedOut: true, aborted: true }),
    own,
  );
});

test('should know the paths of kinds, with their irregular plurals and scopes', () => {
  const path = (kind: string, namespace?: string, name?: string) =>
    pathOf(kindOf(kind), { ...(namespace && { namespace }), ...(name && { name }) });
  assert.equal(path('v1/Pod', 'tender'), '/api/v1/namespaces/tender/pods');
  assert.equal(path('v1/Node', 'ignored', 'n1'), '/api/v1/nodes/n1');
  assert.equal(
    path('networking.k8s.io/v1/NetworkPolicy', 'a'),
    '/apis/networking.k8s.io/v1/namespaces/a/networkpolicies',
  );
  assert.equal(path('networking.k8s.io/v1/Ingress'), '/apis/networking.k8s.io/v1/ingresses');
  assert.equal(path('v1/Endpoints', 'a', 'b'), '/api/v1/namespaces/a/endpoints/b');
  assert.equal(path('storage.k8s.io/v1/StorageClass'), '/apis/storage.k8s.io/v1/storageclasses');
  assert.equal(
    pathOf(kindOf('v1/Pod'), { namespace: 'a', name: 'x/../y', subresource: 'log' }),
    '/api/v1/namespaces/a/pods/x%2F..%2Fy/log',
  );
  for (const bad of ['Pod', 'v1/pod', '/Pod', 'v1/'])
    assert.throws(() => kindOf(bad), /expected version\/Kind/);
});

test('should compare resource versions of any length', () => {
  assert.ok(compareVersions('9', '10') < 0);
  assert.ok(compareVersions('90071992547409931', '90071992547409930') > 0);
  assert.equal(compareVersions('7', '7'), 0);
});

function object(
  kind: string,
  rest: Record<string, unknown>,
  metadata: Record<string, unknown> = {},
): KubeObject {
  return { apiVersion: 'v1', kind, metadata: { name: 'x', ...metadata }, ...rest };
}

test('should call things ready only when they are', () => {
  const ready = { conditions: [{ type: 'Ready', status: 'True' }] };
  assert.ok(isIn('ready', object('Pod', { status: ready })));
  assert.ok(
    !isIn('ready', object('Pod', { status: ready }, { deletionTimestamp: 'now' })),
    'a pod that is going is not ready',
  );
  assert.ok(!isIn('ready', object('Pod', { status: { conditions: [{ type: 'Ready', status: 'False' }] } })));
  const deployment = (status: object, generation = 2) =>
    object('Deployment', { spec: { replicas: 2 }, status }, { generation });
  assert.ok(isIn('ready', deployment({ readyReplicas: 2, updatedReplicas: 2, observedGeneration: 2 })));
  assert.ok(
    !isIn('ready', deployment({ readyReplicas: 2, updatedReplicas: 2, observedGeneration: 1 })),
    'a change not yet acted on',
  );
  assert.ok(!isIn('ready', deployment({ readyReplicas: 2, updatedReplicas: 1, observedGeneration: 2 })));
  assert.ok(
    !isIn('ready', deployment({ readyReplicas: 2, observedGeneration: 2 })),
    'none is updated yet: Kubernetes leaves a count of 0 out',
  );
  assert.ok(isIn('bound', object('PersistentVolumeClaim', { status: { phase: 'Bound' } })));
  assert.ok(isIn('succeeded', object('Pod', { status: { phase: 'Succeeded' } })));
  assert.ok(hasFailed(object('Pod', { status: { phase: 'Failed' } })));
  assert.ok(!isIn('gone', object('Pod', {})));
});

test('should want as many replicas of the newest template as the object itself asks for', () => {
  const seen = { readyReplicas: 3, observedGeneration: 1 };
  const of = (kind: string, spec: object, status: object = seen): KubeObject =>
    object(kind, { spec: { replicas: 3, ...spec }, status }, { generation: 1 });
  const ready = (...args: Parameters<typeof of>): boolean => isIn('ready', of(...args));
  for (const kind of ['Deployment', 'StatefulSet', 'Rollout']) assert.ok(!ready(kind, {}), kind);
  assert.ok(ready('ReplicaSet', {}), 'its status has no such count');
  assert.ok(ready('Deployment', { replicas: 0 }, { observedGeneration: 1 }), 'none is wanted');
  assert.ok(ready('StatefulSet', { updateStrategy: { type: 'OnDelete' } }));
  const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 2 } };
  assert.ok(!ready('StatefulSet', { updateStrategy }));
  assert.ok(ready('StatefulSet', { updateStrategy }, { ...seen, updatedReplicas: 1 }));
  const inTurns = { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable: 1 } };
  assert.ok(!ready('StatefulSet', { updateStrategy: inTurns }, { ...seen, updatedReplicas: 2 }));
});

test('should say what a pod waits for', () => {
  const status = {
    phase: 'Pending',
    containerStatuses: [{ name: 'c', state: { waiting: { reason: 'ImagePullBackOff' } } }],
    conditions: [{ type: 'Ready', status: 'False' }],
  };
  assert.equal(describe(object('Pod', { status })), 'x (Pending; c: ImagePullBackOff; not Ready)');
});

test('should keep a field that a check says it reads, and answer for no other', () => {
  const security = { privileged: true };
  const of = (): KubeObject =>
    object('Pod', { spec: { containers: [{ name: 'c', securityContext: security }], affinity: {} } });
  const [dropped] = (trim(of()) as unknown as PodObject).spec.containers;
  assert.ok(dropped !== undefined);
  assert.throws(() => podField(dropped, 'securityContext'), /securityContext of pods is not kept/);
  keepPodFields(['securityContext']);
  const pod = trim(of()) as unknown as PodObject;
  assert.deepEqual(podField(pod.spec.containers[0] ?? {}, 'securityContext'), security);
  assert.throws(() => podField(pod.spec, 'affinity'), /podFields of the check's definition/);
});

test('should keep of a volume its name and what it is, and of a claim its name', () => {
  const volumes = [
    { name: 'data', persistentVolumeClaim: { claimName: 'data-0' } },
    { name: 'scratch', emptyDir: { medium: 'Memory' } },
    { name: 'key', secret: { secretName: 'key', items: [{ key: 'a', path: 'b' }] } },
  ];
  const { spec } = trim(object('Pod', { spec: { containers: [], volumes } })) as unknown as {
    spec: { volumes: unknown };
  };
  assert.deepEqual(spec.volumes, [
    volumes[0],
    { name: 'scratch', emptyDir: {} },
    { name: 'key', secret: {} },
  ]);
});

test('should keep the node that a pod of a DaemonSet must run on while it is on none', () => {
  const on = (values: string[], nodeName?: string): unknown => {
    const term = { matchFields: [{ key: 'metadata.name', operator: 'In', values }] };
    const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } };
    const spec = { containers: [], affinity: { nodeAffinity: required }, nodeName };
    return trim(object('Pod', { spec })).spec;
  };
  assert.deepEqual(on(['n1']), { containers: [], nodeName: undefined, desiredNode: 'n1', volumes: [] });
  assert.deepEqual(on(['n1'], 'n1'), { containers: [], nodeName: 'n1', volumes: [] });
  const { spec } = trim(object('Pod', { spec: { affinity: { podAntiAffinity: {} } } }));
  assert.equal('desiredNode' in (spec as object), false);
});

test('should drop what no check reads, secrets in environments among it', () => {
  const container = { name: 'c', env: [{ name: 'PASSWORD', value: 's3cret' }], envFrom: [] };
  const pod = object(
    'Pod',
    { spec: { containers: [container], initContainers: [{ ...container }] } },
    {
      managedFields: [{}],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 's3cret', kept: '1' },
    },
  );
  assert.ok(!JSON.stringify(trim(pod)).includes('s3cret'));
  assert.deepEqual(pod.metadata.annotations, { kept: '1' });
  assert.equal('managedFields' in pod.metadata, false);
  assert.equal(
    JSON.stringify(trim(object('Node', { status: { images: [1, 2], phase: 'x' } })).status),
    '{"phase":"x"}',
  );
});
