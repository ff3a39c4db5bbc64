import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allControls } from '../catalogue/loaded.ts';
import type { KubeObject } from '../harness/protocol.ts';
import { contextOf } from '../_testing/control-context.ts';

const scalingControls = (await allControls()).filter(({ check }) => check.startsWith('scaling/'));

const controlOf = (id: string): (typeof scalingControls)[number] =>
  scalingControls.find((control) => control.id === id) ?? assert.fail(id);

const autoscaler = (status: string, desired = 2): KubeObject => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'tender-ai' },
  spec: { minReplicas: 2, maxReplicas: 4 },
  status: {
    desiredReplicas: desired,
    currentReplicas: desired,
    conditions: [{ type: 'ScalingActive', status }],
  },
});

test('should have both verdicts of every check of an autoscaler', () => {
  for (const check of ['scaling/backend/up', 'scaling/ai/up']) {
    const there = scalingControls.filter((one) => one.check === check).map(({ verdict }) => verdict);
    assert.deepEqual(there.toSorted(), ['fail', 'inconclusive'], check);
  }
});

test('should take the metrics away only when the autoscaler is at its minimum, to which it could not return without them', async () => {
  const desired = [4, 3, 2];
  const before: number[] = [];
  const ctx = contextOf({
    get: () => {
      const taken = ctx.noted.patches.length > 0;
      if (!taken) before.push(desired.shift() ?? 2);
      return Promise.resolve(autoscaler(taken ? 'False' : 'True', before.at(-1)));
    },
  });
  await controlOf('scaling/backend/up/no-metrics').break(ctx);
  assert.deepEqual(before, [4, 3, 2]);
  assert.deepEqual(ctx.noted.patches, [{ name: 'metrics-server', patch: { spec: { replicas: 0 } } }]);
});
