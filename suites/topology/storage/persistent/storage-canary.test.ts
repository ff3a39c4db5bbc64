import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../../_testing/histories.ts';
import type { Seen } from '../../../_testing/histories.ts';
import { RequestError } from '../../../harness/request-error.ts';
import type { CheckContext } from '../../../harness/context.ts';
import type { KubeObject } from '../../../harness/protocol.ts';
import { writeAndReadBack } from './storage-canary.ts';

type Wait = (query: { kind: string; until: string; names?: string[] }) => Promise<unknown>;
/** Objects by kind as the cache has them, or why there are none. */
type Listed = Record<string, object[] | string>;

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
  wait: Wait = () => Promise.resolve({ items: [] }),
  listed: Listed = {},
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
      list: ({ kind }: { kind: string }) => {
        const items = listed[kind] ?? [];
        return Promise.resolve(typeof items === 'string' ? { items: [], unavailable: items } : { items });
      },
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

/** The wait for these pods runs out, and no other. */
const inVain =
  (name: string, reason = 'timeout'): Wait =>
  ({ until, names }) =>
    until === 'succeeded' && names?.includes(name) === true
      ? Promise.reject(new RequestError(`waited 60000 ms for ${name}`, reason))
      : Promise.resolve({ items: [] });
const writer = (status: object, spec: object = { nodeName: 'w1' }) => ({
  metadata: { name: 'persist-writer', uid: 'pod' },
  spec,
  status,
});
const canaryIs = (state: object, others: object[] = []) => ({
  containerStatuses: [...others, { name: 'canary', state }],
});
const claimIs = (phase: string) => ({
  metadata: { name: 'persist', uid: 'claim' },
  spec: { volumeName: 'pvc-1' },
  status: { phase },
});

test('should take the end of its own container for the end of the pod: the proxy of a mesh goes on', async () => {
  const status = {
    phase: 'Running',
    ...canaryIs({ terminated: { exitCode: 0 } }, [{ name: 'istio-proxy', state: { running: {} } }]),
  };
  const { context, seen } = canaryRun(() => DIGEST, inVain('persist-writer'), { 'v1/Pod': [writer(status)] });
  await writeAndReadBack(context, canary);
  assert.equal(judged(seen).verdict, 'pass');
});

test('should not fail for a pod whose image is refused, and say so; but for one whose volume is not mounted', async () => {
  const stuck = async (state: object, events: object[] | string) => {
    const run = canaryRun(() => DIGEST, inVain('persist-writer'), {
      'v1/Pod': [writer(canaryIs(state))],
      'v1/PersistentVolumeClaim': [claimIs('Bound')],
      'v1/Event': events,
    });
    await writeAndReadBack(run.context, canary);
    return judged(run.seen);
  };
  const refused = await stuck({ waiting: { reason: 'ErrImagePull', message: 'no such tag' } }, []);
  assert.equal(refused.verdict, 'inconclusive');
  assert.match(refused.reason, /ms for persist-writer; its container waits: ErrImagePull: no such tag/);
  const creating = { waiting: { reason: 'ContainerCreating' } };
  const of = (uid: string, message: string) => ({ involvedObject: { uid }, reason: 'FailedMount', message });
  const unmounted = of('pod', 'MountVolume.SetUp failed for volume "pvc-1" : timed out');
  assert.equal((await stuck(creating, [unmounted])).verdict, 'fail');
  const earlier = of('another pod', unmounted.message);
  assert.equal((await stuck(creating, [earlier])).verdict, 'inconclusive');
  const unread = await stuck(creating, 'forbidden: events');
  assert.deepEqual([unread.verdict, /events cannot be read/.test(unread.reason)], ['inconclusive', true]);
});

test('should wait for its claim to be gone, and only note one that stays', async () => {
  const waits: string[] = [];
  const staying: Wait = ({ kind, until }) => {
    waits.push(`${kind} ${until}`);
    return kind === 'v1/PersistentVolumeClaim'
      ? Promise.reject(new RequestError('waited 60000 ms for persist to be gone', 'timeout'))
      : Promise.resolve({ items: [] });
  };
  const { context, seen } = canaryRun(() => DIGEST, staying);
  await writeAndReadBack(context, canary);
  assert.equal(waits.at(-1), 'v1/PersistentVolumeClaim gone');
  assert.equal(judged(seen).verdict, 'pass');
  const [, noted] = seen.find(([kind]) => kind === 'evidence') ?? [];
  assert.match(String(noted?.['text']), /persist to be gone/);
});

test('false verdict 18: a 503 of the API server is no failure of a volume, and a claim that is never bound is', async () => {
  const fails = (error: Error) =>
    canaryRun(
      () => DIGEST,
      () => Promise.reject(error),
    );
  const busy = fails(new RequestError('GET /api/v1/pods: 503 busy', 'server'));
  await writeAndReadBack(busy.context, canary);
  assert.equal(judged(busy.seen).verdict, 'inconclusive');
  const never = canaryRun(() => DIGEST, inVain('persist-writer'), {
    'v1/Pod': [writer({})],
    'v1/PersistentVolumeClaim': [claimIs('Pending')],
  });
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
