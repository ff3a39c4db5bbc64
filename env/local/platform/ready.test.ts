import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandError } from '../../../host/run.ts';
import { NotReadyError, waitReady } from './ready.ts';

const metadata = { name: 'jaeger', namespace: 'observability', generation: 2 };
const JAEGER = { kind: 'Deployment', metadata };
const SHIPPER = { kind: 'DaemonSet', metadata: { ...metadata, name: 'log-shipper' } };
const READY = {
  ...JAEGER,
  spec: { replicas: 2 },
  status: { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2 },
};
const READY_SHIPPER = {
  ...SHIPPER,
  spec: {},
  status: {
    observedGeneration: 2,
    desiredNumberScheduled: 7,
    updatedNumberScheduled: 7,
    numberAvailable: 7,
  },
};

const SOON = { deadlineMs: 1000, intervalMs: 1 };

/** A context with a stub of kubectl, which answers each look at workloads with the next of these lists, and the rest with `texts`. */
function contextWith(looks: readonly (readonly object[])[], texts: Readonly<Record<string, string>> = {}) {
  const asked: string[] = [];
  const said: string[] = [];
  let at = 0;
  return {
    asked,
    said,
    instance: 'local-small',
    kubeconfig: '/state/kubeconfig',
    signal: undefined,
    onProgress: (message: string) => said.push(message),
    kubectl: (argv: readonly string[]): Promise<string> => {
      const command = argv.join(' ');
      asked.push(command);
      const text = Object.entries(texts).find(([start]) => command.startsWith(start))?.[1];
      if (text !== undefined) return Promise.resolve(text);
      const items = looks[Math.min(at++, looks.length - 1)];
      if (command.endsWith('-o json') && items !== undefined)
        return Promise.resolve(JSON.stringify({ items }));
      const result = { code: 1, signal: null, stdout: '', stderr: 'error: connection refused' };
      return Promise.reject(new CommandError(['kubectl', ...argv], result, null));
    },
  } as const;
}

/** What is said of a workload as the API server has it, until it is ready. */
async function saidOf(first: object, objects = [JAEGER]): Promise<readonly string[]> {
  const context = contextWith([[first], [READY, READY_SHIPPER]]);
  await waitReady(context, objects, SOON);
  return context.said;
}

test('should ask once for all that was applied, and for nothing of what has no pods', async () => {
  const context = contextWith([[READY, READY_SHIPPER]]);
  const service = { kind: 'Service', metadata: { name: 'jaeger', namespace: 'observability' } };
  await waitReady(context, [JAEGER, service, SHIPPER]);
  assert.deepEqual(context.asked, ['get deployment.apps,statefulset.apps,daemonset.apps -A -o json']);
  assert.deepEqual(context.said, []);
});

test('should wait for what is not there yet, and say how much is', async () => {
  assert.deepEqual(await saidOf(READY_SHIPPER, [JAEGER, SHIPPER]), [
    '1 of 2 ready, not yet observability/deployment/jaeger',
  ]);
});

test('should take no pod for ready that is missing, old, or not available', async () => {
  const notYet = ['0 of 1 ready, not yet observability/deployment/jaeger'];
  const { status } = READY;
  for (const change of [
    { observedGeneration: 1 },
    { availableReplicas: 1 },
    { updatedReplicas: 1 },
    { replicas: 3 },
  ])
    assert.deepEqual(await saidOf({ ...READY, status: { ...status, ...change } }), notYet);
  assert.deepEqual(await saidOf({ ...JAEGER, spec: {} }), notYet, 'nothing is known of it');
});

test('should take no node for ready whose pod is missing, old, or not available', async () => {
  const notYet = ['0 of 1 ready, not yet observability/daemonset/log-shipper'];
  const { status } = READY_SHIPPER;
  for (const change of [{ numberAvailable: 6 }, { updatedNumberScheduled: 6 }])
    assert.deepEqual(await saidOf({ ...READY_SHIPPER, status: { ...status, ...change } }, [SHIPPER]), notYet);
});

/** The error at the deadline, which comes at once. */
async function errorOf(context: ReturnType<typeof contextWith>): Promise<string> {
  const error = await waitReady(context, [JAEGER, SHIPPER], { ...SOON, deadlineMs: 1 }).then(
    () => assert.fail('it was ready'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof NotReadyError);
  return error.message.replace(/waited [\d.]+ s/, 'waited N s');
}

test('should say what is not ready, since when, its pods, the last warnings, and what to run next', async () => {
  const context = contextWith([[READY_SHIPPER]], {
    'get pods': [
      'NAMESPACE       NAME                READY   STATUS             RESTARTS   AGE',
      'observability   jaeger-bcd-1        1/1     Running            0          2m',
      'observability   jaeger-bcd-2        0/1     ImagePullBackOff   0          2m',
      'observability   log-shipper-x       10/11   Running            3          2m\n',
    ].join('\n'),
    events: Array.from({ length: 12 }, (_, n) => `observability   ${n}s   Warning   Failed`).join('\n'),
  });
  const lines = (await errorOf(context)).split('\n');
  assert.deepEqual(lines.slice(0, 5), [
    'waited N s for the workloads of local-small to be ready; ' +
      'last seen: 1 of 2 ready, not yet observability/deployment/jaeger; ' +
      'next: kubectl --kubeconfig /state/kubeconfig describe pods -A',
    'NAMESPACE       NAME                READY   STATUS             RESTARTS   AGE',
    'observability   jaeger-bcd-2        0/1     ImagePullBackOff   0          2m',
    'observability   log-shipper-x       10/11   Running            3          2m',
    'the last warnings:',
  ]);
  assert.deepEqual(
    [lines.length, lines[5], lines.at(-1)],
    [15, 'observability   2s   Warning   Failed', 'observability   11s   Warning   Failed'],
  );
});

test('should still say what is awaited if nothing can be read', async () => {
  const message = await errorOf(contextWith([]));
  assert.match(
    message,
    /^waited N s for the workloads of local-small .* last seen: .*connection refused.*\n/s,
  );
  assert.match(message, /^its pods could not be read: /m);
});

test('should throw the reason of the signal that cancels the wait', async () => {
  const reason = new Error('interrupted by SIGINT');
  const context = { ...contextWith([[]]), signal: AbortSignal.abort(reason) };
  await assert.rejects(waitReady(context, [JAEGER]), reason);
});
