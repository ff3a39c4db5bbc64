import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../../_testing/histories.ts';
import type { Seen } from '../../../_testing/histories.ts';
import { RunnerError } from '../../../harness/client.ts';
import type { CheckContext } from '../../../harness/context.ts';
import type { KubeObject } from '../../../harness/protocol.ts';
import { writeAndReadBack } from './storage-canary.ts';

const DIGEST = 'a'.repeat(64);

interface CanaryRun {
  context: CheckContext;
  seen: Seen[];
  /** Names of pods and claims, in the order in which they were applied and removed. */
  applied: string[];
  removed: string[];
}

/** A cluster whose pods end at once and print what `logs` says; where a script would fail, so does the wait for it. */
function canaryRun(
  logs: (pod: KubeObject) => string,
  wait: () => Promise<unknown> = () => Promise.resolve({ items: [] }),
): CanaryRun {
  const pods = new Map<string, KubeObject>();
  const [seen, applied, removed]: [Seen[], string[], string[]] = [[], [], []];
  const context = {
    id: 'topology/storage/persistent',
    settings: { namespaces: { canary: 'canary' } },
    signal: new AbortController().signal,
    timeoutMs: () => 1000,
    record: (kind: string, fields?: Record<string, unknown>) => seen.push([kind, fields]),
    step: (_title: string, body: () => unknown) => Promise.resolve(body()),
    cluster: {
      apply: (objects: KubeObject[]) => {
        for (const one of objects) {
          pods.set(one.metadata.name, one);
          applied.push(one.metadata.name);
        }
        return Promise.resolve();
      },
      remove: (refs: { name: string }[]) => {
        removed.push(...refs.map(({ name }) => name));
        return Promise.resolve();
      },
      wait,
      logs: ({ pod }: { pod: string }) => Promise.resolve(logs(pods.get(pod) as KubeObject)),
    },
  };
  return { context: context as unknown as CheckContext, seen, applied, removed };
}

const canary = { image: 'i', className: 'fast', bytes: 65536 };
const judged = (seen: Seen[]) =>
  judge({
    check: 'topology/storage/persistent',
    settings: { storage: { className: 'fast', kinds: ['local'] }, writes: true, workloads: [] },
    seen,
  });
const isReader = (pod: KubeObject) => pod.metadata.name.endsWith('-reader');

test('should pass when the next pod reads what the first wrote', async () => {
  const { context, seen, applied, removed } = canaryRun(() => `${DIGEST}  /data/bytes\n`);
  await writeAndReadBack(context, canary);
  assert.equal(judged(seen).verdict, 'pass');
  assert.deepEqual(applied, ['persist', 'persist-writer', 'persist-reader']);
  assert.equal(removed[0], 'persist-writer', 'it is gone before the other reads');
  assert.deepEqual(removed.slice(1), ['persist-reader', 'persist-writer', 'persist']);
});

test('should fail when the bytes are gone with the pod, and say that nothing was found', async () => {
  const { context, seen } = canaryRun((pod) =>
    isReader(pod) ? "sha256sum: can't open '/data/bytes': No such file" : `${DIGEST}  /data/bytes\n`,
  );
  await writeAndReadBack(context, canary);
  const { verdict, findings } = judged(seen);
  assert.equal(verdict, 'fail');
  assert.deepEqual(
    findings.filter(({ ok }) => !ok).map((one) => `${one.subject}: ${one.seen}`),
    ['bytes written by one pod and read by the next: nothing'],
  );
});

test('should have the reader end well without the file: its pod must not be waited for in vain', async () => {
  let reader: KubeObject | undefined;
  const { context } = canaryRun((pod) => {
    if (isReader(pod)) reader = pod;
    return DIGEST;
  });
  await writeAndReadBack(context, canary);
  const spec = reader?.['spec'] as { containers: { command: string[] }[] };
  assert.match(spec.containers[0]?.command.at(-1) ?? '', / \|\| busybox true$/);
});

test('false verdict 18: a 503 of the API server is no failure of a volume, and a pod that never ends is', async () => {
  const fails = (error: Error) =>
    canaryRun(
      () => DIGEST,
      () => Promise.reject(error),
    );
  const busy = fails(new RunnerError('GET /api/v1/pods: 503 busy', 'server'));
  await writeAndReadBack(busy.context, canary);
  assert.equal(judged(busy.seen).verdict, 'inconclusive');
  const never = fails(new RunnerError('waited 60000 ms for 1 persist-writer to be succeeded', 'timeout'));
  await writeAndReadBack(never.context, canary);
  assert.equal(judged(never.seen).verdict, 'fail');
  const unseen = canaryRun(
    () => DIGEST,
    () => Promise.resolve({ items: [], unavailable: 'forbidden' }),
  );
  await writeAndReadBack(unseen.context, canary);
  assert.equal(judged(unseen.seen).verdict, 'inconclusive', 'nothing was waited for');
});

test('should keep its pods off the nodes of others', async () => {
  const pods: KubeObject[] = [];
  const { context } = canaryRun((pod) => {
    pods.push(pod);
    return DIGEST;
  });
  const others = [{ labels: { team: 'search' }, reason: 'r' }];
  Object.assign(context.settings, { nodes: { others, passingTaints: [] } });
  await writeAndReadBack(context, canary);
  assert.equal(pods.length, 2);
  for (const { spec } of pods) assert.match(JSON.stringify(spec), /"affinity":.*"team","operator":"NotIn"/);
});
