import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../harness/protocol.ts';
import { rollOutBackend } from './backend.ts';
import { contextOf } from '../_testing/control-context.ts';

const pod = (uid: string): KubeObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: uid, uid } });

/** A backend whose Deployment counts only the new pod. Each list of its pods returns the next of `lists`; the last one repeats. */
function rolling(lists: string[][]): ReturnType<typeof contextOf> & { looked: () => number } {
  let looks = 0;
  const labels = { app: 'tender-api' };
  const found = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'tender-api', generation: 2 },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { spec: { containers: [] } } },
    status: { observedGeneration: 2, replicas: 1, readyReplicas: 1, updatedReplicas: 1 },
  } as KubeObject;
  const ctx = contextOf({
    get: () => Promise.resolve(found),
    list: (params) => {
      assert.deepEqual(params, { kind: 'v1/Pod', namespace: 'tender', labels });
      return Promise.resolve((lists[looks++] ?? lists.at(-1) ?? []).map(pod));
    },
  });
  return { ...ctx, looked: () => looks };
}

test('should wait for an old pod that still answers, although the Deployment no longer counts it', async () => {
  const ctx = rolling([['old'], ['old', 'new'], ['old', 'new'], ['new']]);
  await rollOutBackend(ctx, 'the changed backend', (container) => container);
  assert.equal(ctx.looked(), 4);
});

test('should say what it waited for if an old pod never goes', async () => {
  const ctx = rolling([['old'], ['old', 'new']]);
  await assert.rejects(
    rollOutBackend(ctx, 'the changed backend', (container) => container),
    /waited for the last old pod to be gone/,
  );
});
