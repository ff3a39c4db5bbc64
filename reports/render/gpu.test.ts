import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckResult } from '../record/run-record.ts';
import { fixtureCheck, fixtureRecord, metRecord } from './_testing/fixture.ts';
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

test('should show the pool as a table of node, device and pod, and say that it is simulated', () => {
  const checks = [
    fixtureCheck('gpu/metrics', { gpu: GPU }),
    fixtureCheck('gpu/exclusive', { gpu: { ...GPU, devices: [] } }),
  ];
  const page = renderHtml(fixtureRecord(checks));
  assert.match(page, /<section id="gpu">/);
  assert.match(page, /nvidia\.com\/gpu: whole devices, simulated devices/);
  assert.match(
    page,
    /<code>gpu-1<\/code>[\s\S]*<code>SIM-gpu-1-0<\/code>[\s\S]*inference&lt;0&gt;[\s\S]*73 %/,
  );
  assert.match(page, /SIM-gpu-1-1<\/code><\/td>\s*<td class="">none<\/td>/);
  assert.match(page, /SIM-gpu-1-2<\/code><\/td>\s*<td class="">unknown<\/td>/);
  assert.match(page, /href="#check-gpu\.metrics"/);
});

test('should have no such section where no check looked at the pool', () => {
  assert.doesNotMatch(renderHtml(metRecord()), /<section id="gpu">/);
});

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
