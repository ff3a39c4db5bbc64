import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckContext } from '../../../harness/context.ts';
import type { KubeObject } from '../../../harness/protocol.ts';
import { observe } from './observe.ts';

test('should bring the image to the nodes of this platform alone, and start pods on no other', async () => {
  const applied: KubeObject[] = [];
  const others = [{ labels: { team: 'x' }, reason: 'r' }];
  const listed = (name: string, labels: object) => ({ metadata: { name, labels }, spec: {}, status: {} });
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
    record: () => undefined,
    cluster: {
      items: () => Promise.resolve([listed('ours', {}), listed('theirs', { team: 'x' })]),
      apply: (objects: KubeObject[]) => Promise.resolve(void applied.push(...objects)),
      wait: () => Promise.resolve({ items: [listed('start-0', {})] }),
      remove: () => Promise.resolve(),
    },
  };
  await observe(context as unknown as CheckContext);
  assert.deepEqual(
    applied.map(({ metadata }) => metadata.name),
    ['warm-ours', 'start-0'],
  );
  assert.match(JSON.stringify(applied[1]?.spec), /"key":"team","operator":"NotIn","values":\["x"\]/);
});
