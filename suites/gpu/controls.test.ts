import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allControls } from '../catalogue/loaded.ts';
import { judge } from '../_testing/histories.ts';
import type { Seen } from '../_testing/histories.ts';

const gpuControls = (await allControls()).filter(({ check }) => check.startsWith('gpu/'));

test('should want the device that two containers were told of, in the words of the judge', () => {
  const gpu = { resource: 'nvidia.com/gpu', kind: 'whole', pool: 'gpu', devicesPerNode: 2, sharedBy: 1 };
  const pools = [{ name: 'gpu', count: { min: 1, max: 1 }, labels: { pool: 'gpu' }, taints: [] }];
  const expected = gpuControls.find(({ id }) => id === 'gpu/exclusive/same-device')?.seen;
  const reasonOf = (device: string, ...pods: string[]): string => {
    const seen = pods.map((pod): Seen => [
      'gpu-pod',
      { pod, asked: 1, state: 'ready', node: 'gpu-1', devices: [device], detail: 'Running' },
    ]);
    return judge({ check: 'gpu/exclusive', settings: { gpu, pools, scrapeSeconds: 5 }, goals: {}, seen })
      .reason;
  };
  assert.match(reasonOf('SIM-gpu-1-0', 'gpu-holds-0', 'gpu-holds-1'), expected!);
  assert.match(reasonOf('SIM-gpu-1-0', 'gpu-holds-1', 'gpu-holds-0'), expected!);
  assert.doesNotMatch(reasonOf('another', 'gpu-holds-1', 'gpu-holds-0'), expected!);
});
