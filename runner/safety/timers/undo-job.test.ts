import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockAhead } from '../_testing/clock.ts';
import type { KubeCall } from '../types.ts';
import { RefusedError } from '../errors.ts';
import { UndoJob } from './undo-job.ts';

const asked: string[] = [];

/** An API server on which Jobs are up at once, with or without an account that the owners have made. */
function server(undoesIn: string | null): KubeCall {
  asked.length = 0;
  return ({ method, path }) => {
    asked.push(`${method} ${path.replace(/\?.*/, '')}`);
    if (path.endsWith('/serviceaccounts/plumbline-undo') && method === 'GET')
      return Promise.resolve(
        undoesIn === null
          ? { status: 404, body: {} }
          : { status: 200, body: { metadata: { annotations: { 'plumbline.dev/undoes-in': undoesIn } } } },
      );
    return Promise.resolve({ status: 200, body: { status: { ready: 1 } } });
  };
}

const OPTIONS = { namespace: 'plumbline-system', image: 'node', runId: 'r' };
const job = (kube: KubeCall): UndoJob => new UndoJob({ kube, ...OPTIONS });
const pod = (namespace: string) =>
  ({ kind: 'kube-delete', path: `/api/v1/namespaces/${namespace}/pods/p`, marker: 'm' }) as const;
const rbac = () => asked.filter((line) => line.includes('rbac.authorization'));

test('gives itself the least rights in an embedded environment, and takes them away again', async () => {
  const undo = new UndoJob({ kube: server(null), ...OPTIONS, embedded: true });
  await undo.arm([pod('c')]);
  assert.equal(rbac().length, 4);
  await undo.disarm();
  assert.equal(rbac().filter((line) => line.startsWith('DELETE')).length, 2);
});

test('makes and grants nothing where the owners gave it no account, or none of its rights, and says what they must apply', async () => {
  const answers = {
    'does not exist': { status: 404, body: {} },
    'may not be read': { status: 403, body: { message: 'forbidden' } },
    'has no annotation': { status: 200, body: { metadata: { name: 'plumbline-undo' } } },
  };
  for (const [why, answer] of Object.entries(answers)) {
    const methods = new Set<string>();
    const undo = job(({ method }) => {
      methods.add(method);
      return Promise.resolve(answer);
    });
    await assert.rejects(undo.arm([pod('plumbline-canary')]), (error: unknown) => {
      assert.ok(error instanceof RefusedError);
      assert.match(error.message, new RegExp(`plumbline-system/plumbline-undo, ${why}.*deploy/rbac\\.yaml`));
      return true;
    });
    assert.deepEqual([...methods], ['GET']);
  }
});

test('lets no action begin where the Job ends as soon as it is started', async () => {
  const given = server('c');
  const status = { conditions: [{ type: 'Failed', status: 'True' }] };
  const undo = job((request) =>
    request.method === 'GET' && request.path.includes('/jobs/')
      ? Promise.resolve({ status: 200, body: { status } })
      : given(request),
  );
  await assert.rejects(undo.arm([pod('c')]), /plumbline-undo-r ended as soon as it was started/);
});

test("removes nothing of the cluster that is not a Job, where its rights are the owners'", async () => {
  const undo = job(server('c'));
  await undo.arm([pod('c')]);
  asked.length = 0;
  await undo.disarm();
  assert.deepEqual(asked, ['DELETE /apis/batch/v1/namespaces/plumbline-system/jobs']);
});

test('uses the rights that the owners gave, touches none, and refuses what it could not undo', async () => {
  const undo = job(server('plumbline-canary, plumbline-drill'));
  await undo.arm([pod('plumbline-canary')]);
  await undo.arm([pod('plumbline-drill')]);
  await assert.rejects(
    undo.arm([pod('tender')]),
    /permit it to undo in plumbline-canary, plumbline-drill.*not .*tender/,
  );
  await assert.rejects(
    undo.arm([{ kind: 'kube-patch', path: '/api/v1/nodes/n', uid: '', fields: [] }]),
    /not .*nodes/,
  );
  await undo.disarm();
  assert.deepEqual(rbac(), []);
  assert.ok(asked.some((line) => line.startsWith('POST') && line.endsWith('/jobs')));
});

test('one that runs takes one look; one that ended by itself, or is gone, is followed by another of another name', async () => {
  const made: string[] = [];
  let looks = 0;
  const ended = new Map<string, { status: number; body: unknown }>();
  const kube: KubeCall = ({ method, path, body }) => {
    if (method === 'POST') made.push((body as { metadata: { name: string } }).metadata.name);
    const name = /\/jobs\/(?<name>[^?]+)/.exec(path)?.groups?.['name'];
    if (method !== 'GET' || name === undefined) return Promise.resolve({ status: 200, body: {} });
    looks++;
    return Promise.resolve(ended.get(name) ?? { status: 200, body: { status: { active: 1, ready: 1 } } });
  };
  const undo = new UndoJob({ kube, ...OPTIONS, embedded: true });
  await undo.arm([pod('c')]);
  looks = 0;
  await undo.arm([pod('c')]);
  assert.deepEqual([made, looks], [['plumbline-undo-r'], 1]);
  const complete = { type: 'Complete', status: 'True' };
  ended.set('plumbline-undo-r', { status: 200, body: { status: { succeeded: 1, conditions: [complete] } } });
  await undo.arm([pod('c')]);
  ended.set('plumbline-undo-r-2', { status: 404, body: { kind: 'Status', status: 'Failure' } });
  await undo.arm([pod('c')]);
  assert.deepEqual(made, ['plumbline-undo-r', 'plumbline-undo-r-2', 'plumbline-undo-r-3']);
  looks = 0;
  await undo.arm([pod('c')]);
  assert.deepEqual([made.length, looks], [3, 1]);
});

test('false verdict 24: the undo Job has no time after which it ends with something open', async () => {
  const made: { spec: Record<string, unknown> }[] = [];
  const ready = server('c');
  const kube: KubeCall = (request) => {
    if (request.method === 'POST') made.push(request.body as { spec: Record<string, unknown> });
    return ready(request);
  };
  await job(kube).arm([pod('c')]);
  assert.equal('activeDeadlineSeconds' in (made[0]?.spec ?? {}), false);
  assert.equal(made[0]?.spec['backoffLimit'], 2 ** 31 - 1);
});

test('looks again where the API server is busy for a moment, and gives up soon where it stays so', async (t) => {
  let looks: number[] = [];
  const kube = (answers: readonly number[]): KubeCall => {
    looks = [];
    const up = server('c');
    return (request) => {
      if (request.method !== 'GET' || !request.path.includes('/jobs/')) return up(request);
      const status = answers[Math.min(looks.length, answers.length - 1)] ?? 200;
      looks.push(status);
      return status === 200 ? up(request) : Promise.resolve({ status, body: { message: 'busy' } });
    };
  };
  await job(kube([429, 503, 200])).arm([pod('c')]);
  assert.deepEqual(looks, [429, 503, 200]);
  clockAhead(t, () => 3 * looks.length);
  await assert.rejects(job(kube([503])).arm([pod('c')]), /jobs\/plumbline-undo-r answered 503: busy/);
  assert.ok(looks.length <= 3, String(looks));
});

test('no mesh puts a proxy beside it: the Job would never end', async () => {
  type Template = { metadata: { labels: Record<string, string>; annotations: object } };
  const made: { spec: { template: Template } }[] = [];
  const kube: KubeCall = (request) => {
    if (request.method === 'POST') made.push(request.body as (typeof made)[number]);
    return server('c')(request);
  };
  await job(kube).arm([pod('c')]);
  const { labels, annotations } = made[0]?.spec.template.metadata ?? {};
  assert.deepEqual(annotations, { 'sidecar.istio.io/inject': 'false', 'linkerd.io/inject': 'disabled' });
  assert.equal(labels?.['sidecar.istio.io/inject'], 'false');
});

test('waits for its pod as long as it is told to, and says what Kubernetes says of one that does not run', async () => {
  const made: {
    spec: { template: { spec: { containers: { startupProbe: { failureThreshold: number } }[] } } };
  }[] = [];
  const status = {
    conditions: [{ type: 'PodScheduled', status: 'True' }],
    containerStatuses: [
      {
        state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s restarting' } },
        lastState: {
          terminated: { exitCode: 1, reason: 'Error', message: 'Unknown file extension ".ts"\n' },
        },
      },
    ],
  };
  const pending = {
    conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' }],
  };
  let seen: object = status;
  const kube: KubeCall = (request) => {
    const { method, path } = request;
    if (method === 'POST') made.push(request.body as (typeof made)[number]);
    if (path.includes('/pods?')) return Promise.resolve({ status: 200, body: { items: [{ status: seen }] } });
    if (method === 'GET' && path.includes('/jobs/'))
      return Promise.resolve({ status: 200, body: { status: { active: 1 } } });
    return server('c')(request);
  };
  const undo = (readyMs: number): UndoJob =>
    new UndoJob({ kube, namespace: 'n', image: 'registry/node:20', runId: 'r', readyMs });
  await assert.rejects(
    undo(300).arm([pod('c')]),
    /waited 0\.3 s .*its pod \(image registry\/node:20\): waiting: CrashLoopBackOff: back-off 10s restarting; ended with 1: Error: Unknown file extension "\.ts"; next:/,
  );
  seen = pending;
  await assert.rejects(undo(300).arm([pod('c')]), /not scheduled: 0\/3 nodes are available; next:/);
  const [first] = made;
  assert.equal(first?.spec.template.spec.containers[0]?.startupProbe.failureThreshold, 76);
});
