import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allControls } from '../catalogue/loaded.ts';
import type { KubeObject } from '../harness/protocol.ts';
import { contextOf } from '../_testing/control-context.ts';

const platformControls = (await allControls()).filter(({ check }) => check.startsWith('failover/'));

const pod = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'tender' },
});

/** Desired, current and ready replicas; and pods. */
const STEPS = [
  { counts: [2, 2, 2], pods: 2 },
  { counts: [1, 2, 2], pods: 2 },
  { counts: [1, 1, 1], pods: 2 },
  { counts: [1, 1, 1], pods: 1 },
];

for (const fault of ['pod-crash', 'node-loss'])
  test(`should leave the backend one pod before its ${fault}, by its autoscaler, and wait until the other is gone`, async () => {
    const control = platformControls.find(({ id }) => id === `failover/backend/${fault}/one-pod`);
    assert.ok(control !== undefined);
    let looks = 0;
    const step = (): (typeof STEPS)[number] => STEPS[Math.min(looks, STEPS.length - 1)] ?? assert.fail();
    const ctx = contextOf({
      get: ({ kind, name }) => {
        looks += 1;
        const [replicas, there, readyReplicas] = step().counts;
        const rest = {
          spec: { replicas },
          status: { observedGeneration: 1, replicas: there, readyReplicas },
        };
        return Promise.resolve({ apiVersion: 'apps/v1', kind, metadata: { name, generation: 1 }, ...rest });
      },
      list: () => Promise.resolve(Array.from({ length: step().pods }, (_, at) => pod(`tender-api-${at}`))),
    });
    await control.break(ctx);
    assert.deepEqual(ctx.noted.patches, [
      { name: 'tender-api', patch: { spec: { minReplicas: 1, maxReplicas: 1 } } },
    ]);
    assert.equal(looks, 3);
  });

test('should judge requests after the time in which the loss of a node may go unnoticed', () => {
  const control = platformControls.find(({ id }) => id === 'failover/backend/node-loss/one-pod');
  const { detectionSeconds, windowSeconds } = control?.settings?.goals ?? {};
  assert.ok(Number(windowSeconds) > Number(detectionSeconds), `${String(windowSeconds)} s`);
});
