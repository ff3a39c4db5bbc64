import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestError } from '../../../harness/request-error.ts';
import type { CheckContext } from '../../../harness/context.ts';
import type { KubeObject } from '../../../harness/protocol.ts';
import { observe } from './observe.ts';

const others = [{ labels: { team: 'x' }, reason: 'r' }];
const listed = (name: string, labels: object) => ({ metadata: { name, labels }, spec: {}, status: {} });

type Fakes = Partial<Record<keyof CheckContext['cluster'], unknown>>;

/** One start, with what its cluster does, and what is recorded of it. */
async function observed(
  cluster: Fakes,
  record: (kind: string, fields: object) => void = () => undefined,
): Promise<string[]> {
  const recorded: string[] = [];
  const context = {
    id: 'scaling/pods/startup',
    settings: {
      startup: { pods: 1 },
      namespaces: { canary: 'c' },
      network: { probeImage: 'i' },
      topology: { nodes: { others, passingTaints: [] } },
    },
    signal: new AbortController().signal,
    step: (_title: string, body: () => unknown) => body(),
    timeoutMs: () => 1000,
    record: (kind: string, fields: object) => {
      recorded.push(kind);
      record(kind, fields);
    },
    unavailable: (what: string, reason: string) => void recorded.push(`${what} unavailable: ${reason}`),
    cluster: {
      items: () => Promise.resolve([listed('ours', {}), listed('theirs', { team: 'x' })]),
      apply: () => Promise.resolve(),
      wait: () => Promise.resolve({ items: [listed('start-0', {})] }),
      remove: () => Promise.resolve(),
      ...cluster,
    },
  };
  await observe(context as unknown as CheckContext);
  return recorded;
}

test('should bring the image to the nodes of this platform alone, and start pods on no other', async () => {
  const applied: KubeObject[] = [];
  await observed({ apply: (objects: KubeObject[]) => Promise.resolve(void applied.push(...objects)) });
  assert.deepEqual(
    applied.map(({ metadata }) => metadata.name),
    ['warm-ours', 'start-0'],
  );
  assert.match(JSON.stringify(applied[1]?.spec), /"key":"team","operator":"NotIn","values":\["x"\]/);
});

test('should take only a wait that ran out for a pod that was not ready', async () => {
  const forStart =
    (act: () => Promise<unknown>) =>
    ({ names }: { names: string[] }) =>
      names[0] === 'start-0' ? act() : Promise.resolve({ items: [] });
  const failsWith = (reason: string) => () => Promise.reject(new RequestError('why', reason));
  const of = (act: () => Promise<unknown>) => observed({ wait: forStart(act) });
  assert.deepEqual(await of(failsWith('timeout')), ['pod-not-started']);
  const unknown = ['pod start-0 unavailable: why'];
  assert.deepEqual(await of(failsWith('unreachable')), unknown);
  assert.deepEqual(await of(() => Promise.resolve({ items: [], unavailable: 'why' })), unknown);
  const apply = ([{ metadata }]: [KubeObject]) =>
    metadata.name === 'start-0' ? failsWith('timeout')() : Promise.resolve();
  assert.deepEqual(await observed({ apply }), unknown);
});

test('should start nothing where nodes or pods cannot be read', async () => {
  const wait = () => Promise.resolve({ items: [], unavailable: 'forbidden: pods' });
  assert.deepEqual(await observed({ wait }), ['v1/Pod unavailable: forbidden: pods']);
  assert.deepEqual(await observed({ items: () => Promise.resolve(null) }), []);
});

test('should count the starts on nodes whose pod got ready in time, and stop where there is none', async () => {
  const nodes = ['ours', 'full'].map((name) => listed(name, {}));
  const pod = (name: string, ready: string) => ({
    ...listed(name, {}),
    status: { conditions: [{ type: 'Ready', status: ready }] },
  });
  const of = (all: object[], startedOn: string) => {
    const started: unknown[] = [];
    const cluster: Fakes = {
      items: () => Promise.resolve(nodes),
      wait: ({ names }: { names: string[] }) =>
        names[0] === 'start-0'
          ? Promise.resolve({ items: [{ ...listed('start-0', {}), spec: { nodeName: startedOn } }] })
          : Promise.reject(new RequestError('waited 1000 ms for 2 v1/Pod', 'timeout')),
      list: () => Promise.resolve({ items: all }),
    };
    const record = (_kind: string, fields: object) =>
      void started.push('imagePresent' in fields && fields.imagePresent);
    return observed(cluster, record).then(() => started);
  };
  const seen = [pod('warm-ours', 'True'), pod('warm-full', 'False'), pod('somebody', 'True')];
  assert.deepEqual(await of(seen, 'ours'), [true]);
  assert.deepEqual(await of(seen, 'full'), [false]);
  await assert.rejects(of([pod('warm-full', 'False'), pod('somebody', 'True')], 'ours'), /waited 1000 ms/);
});

test('should not ask the registry at a start, whatever the tag of the image', async () => {
  const applied: KubeObject[] = [];
  await observed({ apply: (objects: KubeObject[]) => Promise.resolve(void applied.push(...objects)) });
  const policies = applied.map(({ spec }) => JSON.stringify(spec).match(/"imagePullPolicy":"(\w+)"/)?.[1]);
  assert.deepEqual(policies, ['IfNotPresent', 'IfNotPresent']);
});
