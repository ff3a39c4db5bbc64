import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInside } from './reachability.ts';
import { judge } from './testing.ts';
import type { Seen } from './testing.ts';

const LABELS = { 'plumbline.dev/pool': 'general' };
const GPU = {
  name: 'gpu',
  count: { min: 1, max: 2 },
  labels: { pool: 'gpu' },
  taints: [{ key: 'gpu', effect: 'NoSchedule' }],
};
const GENERAL = { name: 'general', count: { min: 2, max: 2 }, labels: LABELS, taints: [] };
const node = (name: string, more: Record<string, unknown> = {}): Seen => [
  'node',
  { name, labels: LABELS, taints: [], ready: true, unschedulable: false, pressure: [], ...more },
];
const pools = (...seen: Seen[]) =>
  judge({ check: 'topology/nodes/pools', settings: { pools: [GENERAL] }, seen });

test('should accept a pool that is as declared', () => {
  const judgement = pools(node('a'), node('b'), node('other', { labels: {} }));
  assert.equal(judgement.verdict, 'pass');
  assert.deepEqual(judgement.figures[0], { name: 'nodes of pool general', value: 2, goal: '2' });
});

test('should refuse a pool with too few or too many nodes', () => {
  assert.equal(pools(node('a')).verdict, 'fail');
  assert.equal(pools(node('a'), node('b'), node('c')).verdict, 'fail');
});

test('should refuse a node that is not Ready, cordoned, under pressure or tainted', () => {
  for (const more of [
    { ready: false },
    { unschedulable: true },
    { pressure: ['DiskPressure'] },
    { taints: [{ key: 'x', effect: 'NoSchedule' }] },
  ]) {
    assert.equal(pools(node('a'), node('b', more)).verdict, 'fail', JSON.stringify(more));
  }
});

test('should demand the declared taints, and let Kubernetes have its own', () => {
  const gpu = (taints: unknown[]) =>
    judge({
      check: 'topology/nodes/pools',
      settings: { pools: [GPU] },
      seen: [node('g', { labels: { pool: 'gpu' }, taints })],
    }).verdict;
  assert.equal(gpu([{ key: 'gpu', effect: 'NoSchedule' }]), 'pass');
  assert.equal(gpu([]), 'fail');
  assert.equal(
    gpu([
      { key: 'gpu', effect: 'NoSchedule' },
      { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' },
    ]),
    'pass',
  );
});

const CNI = { cni: { name: 'bridge' } };
const ok = (kind: string, from: string, to?: string): Seen => [kind, { from, to, ok: true, ms: 4 }];
const bad = (kind: string, from: string, to?: string): Seen => [
  kind,
  { from, to, ok: false, ms: 5000, detail: 'no answer' },
];
const address: Seen = ['pod-address', { node: 'a', ip: '198.18.74.9', podCidrs: ['198.18.74.0/24'] }];
const plan: Seen = ['plan', { nodes: ['a', 'b'], total: 2 }];
const quiet = [ok('service', 'a'), ok('service', 'b'), ok('dns', 'a'), ok('dns', 'b')];
const reach = (...seen: Seen[]) =>
  judge({ check: 'topology/network/reachability', settings: { network: CNI }, seen: [plan, ...seen] });

test('should accept when every pair, Service and DNS answered', () => {
  assert.equal(reach(ok('pair', 'a', 'b'), ok('pair', 'b', 'a'), ...quiet, address).verdict, 'pass');
});

test('should name the failing pair and its direction', () => {
  const judgement = reach(bad('pair', 'a', 'b'), ok('pair', 'b', 'a'), ...quiet, address);
  assert.equal(judgement.verdict, 'fail');
  assert.match(judgement.reason, /^a -> b: .*no answer/);
});

test('should refuse a failing Service, failing DNS and an address outside its node', () => {
  const pairs = [ok('pair', 'a', 'b'), ok('pair', 'b', 'a')];
  assert.match(reach(...pairs, bad('service', 'a'), ...quiet.slice(1), address).reason, /a -> Service/);
  assert.match(reach(...pairs, ...quiet.slice(0, 3), bad('dns', 'b'), address).reason, /b -> cluster DNS/);
  assert.equal(
    reach(...pairs, ...quiet, ['pod-address', { node: 'a', ip: '10.0.0.1', podCidrs: ['198.18.74.0/24'] }])
      .verdict,
    'fail',
  );
});

test('should be inconclusive about a pair that was not asked, with the reason', () => {
  const judgement = reach(ok('pair', 'a', 'b'), ...quiet, address, [
    'silent',
    { node: 'b', reason: 'its server did not get ready' },
  ]);
  assert.equal(judgement.verdict, 'inconclusive');
  assert.match(judgement.reason, /b -> a.*did not get ready/);
});

test("should demand the declared plugin's DaemonSet on every node", () => {
  const network = { cni: { name: 'cilium', daemonSet: { namespace: 'kube-system', name: 'cilium' } } };
  const seen: Seen[] = [plan, ok('pair', 'a', 'b'), ok('pair', 'b', 'a'), ...quiet];
  const check = 'topology/network/reachability';
  assert.equal(judge({ check, settings: { network }, seen }).verdict, 'fail');
  assert.equal(
    judge({ check, settings: { network }, seen: [...seen, ['cni-daemonset', { ready: 1, wanted: 2 }]] })
      .verdict,
    'fail',
  );
  assert.equal(
    judge({ check, settings: { network }, seen: [...seen, ['cni-daemonset', { ready: 2, wanted: 2 }]] })
      .verdict,
    'pass',
  );
});

test('should tell addresses inside a block from those outside', () => {
  assert.ok(isInside('198.18.74.255', '198.18.74.0/24'));
  assert.ok(!isInside('198.18.75.0', '198.18.74.0/24'));
  assert.ok(isInside('198.19.255.1', '198.18.0.0/15'));
  assert.ok(isInside('1.2.3.4', '0.0.0.0/0'));
  assert.ok(!isInside('not an address', '198.18.74.0/24'));
  assert.ok(isInside('fd00:1::5', 'fd00:1::/64'));
});
