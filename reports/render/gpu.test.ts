import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckResult } from '../record/run-record.ts';
import { fixtureCheck, fixtureRecord } from './_testing/fixture.ts';
import { renderHtml } from './html.ts';
import { LIMITS, MAX_PAGE_BYTES } from './html/limits.ts';

const GPU: NonNullable<CheckResult['gpu']> = {
  resource: 'nvidia.com/gpu',
  kind: 'whole',
  simulated: true,
  nodes: [{ node: 'gpu-1', pool: true, offers: 2, requested: 1 }],
  devices: [
    { node: 'gpu-1', device: 'SIM-gpu-1-0', pod: 'inference<0>', utilisation: 0.734 },
    { node: 'gpu-1', device: 'SIM-gpu-1-1', pod: '', utilisation: 0 },
    { node: 'gpu-1', device: 'SIM-gpu-1-2', pod: null, utilisation: null },
  ],
};

test('should keep the page below its limit where the pool is large, and say how many rows are left out', () => {
  const devices = Array.from({ length: 4000 }, (_, index) => ({
    node: `gpu-${index}`,
    device: `GPU-${'0'.repeat(32)}-${index}`,
    pod: `inference-${index}`,
    utilisation: 0.5,
  }));
  const nodes = devices.map(({ node }) => ({ node, pool: true, offers: 1, requested: 1 }));
  const checks = ['metrics', 'exclusive', 'schedule', 'release'].map((name) =>
    fixtureCheck(`gpu/${name}`, { gpu: { ...GPU, nodes, devices } }),
  );
  const page = renderHtml(fixtureRecord(checks));
  assert.ok(Buffer.byteLength(page) <= MAX_PAGE_BYTES);
  const left = /<section id="gpu">[^]*?Devices, by check[^]*?and (\d+) more in run\.json/.exec(page)?.[1];
  assert.ok(
    LIMITS.some(({ deviceRows }) => 16_000 - deviceRows === Number(left)),
    left,
  );
  assert.doesNotMatch(
    renderHtml(fixtureRecord([fixtureCheck('gpu/metrics', { gpu: GPU })])),
    /more in run\.json/,
  );
});
