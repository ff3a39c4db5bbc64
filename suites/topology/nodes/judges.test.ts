import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInside } from '../../../reports/judge/topology/declared.ts';
import { judge } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';
import { LEASE_GOALS, leases } from '../_testing/leases.ts';

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
const listed = (seen: Seen[]): Seen => ['nodes', { names: seen.map(([, fields]) => fields?.['name']) }];
const judged = (settings: Record<string, unknown>, seen: Seen[], lists: Seen[] = [listed(seen)]) => {
  const ready = seen.flatMap(([kind, fields]) =>
    kind === 'node' && fields?.['ready'] ? [String(fields['name'])] : [],
  );
  return judge({
    check: 'topology/nodes/pools',
    goals: LEASE_GOALS,
    settings,
    seen: [...leases(ready), ...lists, ...seen],
  });
};
const pools = (...seen: Seen[]) => judged({ pools: [GENERAL] }, seen);
const none = { labels: {}, taints: null };

test('should accept a pool that is as declared', () => {
  const judgement = pools(node('a'), node('b'), node('other', none));
  assert.equal(judgement.verdict, 'pass');
  assert.deepEqual(judgement.figures[0], { name: 'nodes of pool general', value: 2, goal: '2' });
});

test('should refuse a pool with too few or too many nodes', () => {
  assert.equal(pools(node('a')).verdict, 'fail');
  assert.equal(pools(node('a'), node('b'), node('c')).verdict, 'fail');
});

test('false verdict 73: should leave open what one cordoned node of a pool means, and refuse more', () => {
  const off = { unschedulable: true };
  assert.equal(pools(node('a'), node('b', off)).verdict, 'inconclusive');
  assert.equal(pools(node('a'), node('b', { ...off, ready: false })).verdict, 'inconclusive', 'it restarts');
  assert.equal(pools(node('a'), node('b', { ...off, pressure: ['DiskPressure'] })).verdict, 'fail');
  assert.equal(pools(node('a', off), node('b', off)).verdict, 'fail');
});

test('should demand the declared taints', () => {
  const gpu = (taints: unknown[]) => {
    const seen = [node('g', { labels: { pool: 'gpu' }, taints })];
    const settings = { pools: [GPU] };
    return judged(settings, seen).verdict;
  };
  const taint = { key: 'gpu', value: null, effect: 'NoSchedule' };
  assert.equal(gpu([taint]), 'pass');
  assert.equal(gpu([]), 'fail');
  assert.equal(gpu([{ ...taint, value: 'x' }]), 'fail');
});

test('should leave a node to another pool by a label that the pool goes without', () => {
  const worker = { ...GENERAL, withoutLabels: ['infra'] };
  const infra = { name: 'infra', count: { min: 1, max: 1 }, labels: { infra: '' }, taints: GPU.taints };
  const both = node('i', {
    labels: { ...LABELS, infra: '' },
    taints: [{ key: 'gpu', value: null, effect: 'NoSchedule' }],
  });
  const verdict = (...own: object[]) => {
    const seen = [node('a'), node('b'), both];
    const settings = { pools: own };
    return judged(settings, seen).verdict;
  };
  assert.equal(verdict(worker, infra), 'pass');
  assert.equal(verdict(GENERAL, infra), 'fail', 'one more, with a taint');
});

test('false verdict 12: nodes of no pool are looked at like all others', () => {
  const judgement = pools(
    node('a'),
    node('b'),
    ...['1', '2', '3', '4', '5'].map((name) => node(name, { ...none, ready: false })),
  );
  assert.equal(judgement.verdict, 'fail');
  assert.match(judgement.reason, /^5 of \d+: node 1, .* of no pool: .*seen not Ready$/);
  assert.equal(
    pools(node('a'), node('b'), node('c', { ...none, pressure: ['DiskPressure'] })).verdict,
    'fail',
  );
  const one = node('c', { ...none, unschedulable: true });
  assert.equal(pools(node('a'), node('b'), one).verdict, 'inconclusive');
  assert.equal(pools(node('a'), node('b'), one, node('d', { ...none, unschedulable: true })).verdict, 'fail');
});

test('should neither count nor judge a node that is coming or going, and name it', () => {
  const coming: Seen = ['node-passing', { node: 'c', taints: ['karpenter.sh/unregistered'] }];
  const beside = (...nodes: Seen[]) => {
    const settings = { pools: [GENERAL] };
    return judged(settings, nodes, [coming, listed(nodes)]);
  };
  const judgement = beside(node('a'), node('b'));
  assert.equal(judgement.verdict, 'pass', judgement.reason);
  assert.match(JSON.stringify(judgement), /c is coming or going \(karpenter\.sh\/unregistered\): not judged/);
  assert.equal(beside(node('a')).verdict, 'fail', 'the pool has one that serves');
});

test('should say which nodes are declared to be those of others, and where to declare them', () => {
  const seen = [node('a'), node('b')];
  const nodes = { others: [{ labels: { team: 'b' }, reason: 'of team b' }] };
  const settings = { pools: [GENERAL], nodes };
  const judgement = judged(settings, seen);
  assert.equal(judgement.verdict, 'pass');
  assert.match(
    JSON.stringify(judgement),
    /nodes with team=b are declared to be those of others \(of team b\)/,
  );
  const { reason } = pools(node('a'), node('b'), node('c', { ...none, ready: false }));
  assert.match(reason, /node c of no pool: .*topology\.nodes\.others/);
});

const CNI = { cni: { name: 'bridge' } };
const REACHED = { ok: true, asked: 10, lost: 0, detail: '' };
const ok = (kind: string, from: string, to?: string, more: Record<string, unknown> = {}): Seen => [
  `reach-${kind}`,
  {
    from,
    ...(kind === 'pair' && { to, firstMs: 4 }),
    ...REACHED,
    ...(kind !== 'dns' && { bytes: 16_390 }),
    ...more,
  },
];
const NEVER = { ok: false, asked: 0, lost: 0, detail: 'no answer' };
const bad = (kind: string, from: string, to?: string): Seen => ok(kind, from, to, NEVER);
const address = (node: string, ip: string): Seen => [
  'pod-address',
  { node, ip, podCidrs: ['198.18.74.0/24'] },
];
const addresses = [address('a', '198.18.74.9'), address('b', '198.18.74.10')];
const plan: Seen[] = [
  ['nodes', { names: ['a', 'b'] }],
  ['reach-plan', { nodes: ['a', 'b'] }],
];
const quiet = [ok('service', 'a'), ok('service', 'b'), ok('dns', 'a'), ok('dns', 'b')];
const pairs = [ok('pair', 'a', 'b'), ok('pair', 'b', 'a')];
const WALL_MS = Date.parse('2026-01-01T00:00:00Z');
const clock = (source: string, aheadMs: number, tookMs = 100): Seen => {
  const askedMs = WALL_MS + 2000;
  const saidMs = askedMs + tookMs / 2 + aheadMs;
  return ['clock-offset', { t: 2000 + tookMs, source, askedMs, saidMs, precision: 'ms' }];
};
const right = [clock('a', 0), clock('b', 0)];
const burst = (from: unknown, to: unknown, more: object = {}): Seen => [
  'reach-burst',
  { from, to, asked: 10, lost: 0, detail: '', ...more },
];
/** One for each pair that was reached. */
const bursts = (seen: readonly Seen[]): Seen[] =>
  seen.flatMap(([kind, { from, to, ok: isOk, family } = {}]) =>
    kind === 'reach-pair' && isOk === true ? [burst(from, to, family === undefined ? {} : { family })] : [],
  );
const reachWith = (network: object, ...seen: Seen[]) =>
  judge({
    check: 'topology/network/reachability',
    goals: { clockSeconds: 10 },
    settings: { network: { ...CNI, ...network }, pools: [GENERAL] },
    seen: [...plan, ...seen, ...right],
  });
const reach = (...seen: Seen[]) => reachWith({}, ...seen, ...bursts(seen));

test('should want an answer to each of many requests at once, from every pod that answers one', () => {
  const of = (...more: Seen[]) => reachWith({}, ...pairs, ...quiet, ...addresses, ...more);
  assert.equal(of(burst('a', 'b'), burst('b', 'a')).verdict, 'pass');
  const some = of(burst('a', 'b', { lost: 3, detail: 'no answer' }), burst('b', 'a'));
  assert.equal(some.verdict, 'fail');
  assert.match(some.reason, /^a -> b: expected an answer to each of 10 requests at once, .* 3 of 10 lost/);
  for (const wrong of [[burst('a', 'b')], [burst('a', 'b'), burst('b', 'a', { asked: 2 })]])
    assert.equal(of(...wrong).verdict, 'inconclusive');
});

test('should want an address of each declared name outside, from every node, and say where none is declared', () => {
  const whole = [...pairs, ...quiet, ...addresses, ...bursts(pairs)];
  const outside = (from: string, more: object = {}): Seen => [
    'reach-outside',
    { from, name: 'llm.example', ...REACHED, ...more },
  ];
  const of = (...seen: Seen[]) => reachWith({ outsideNames: ['llm.example'] }, ...whole, ...seen);
  const passed = of(outside('a'), outside('b'));
  assert.equal(passed.verdict, 'pass');
  assert.doesNotMatch(passed.seen, /outside/);
  const gone = of(outside('a'), outside('b', NEVER));
  assert.equal(gone.verdict, 'fail');
  assert.match(gone.reason, /^b -> llm\.example: expected an address of the name, seen no answer$/);
  assert.equal(of(outside('a')).verdict, 'inconclusive');
  assert.match(reachWith({}, ...whole).seen, /not judged: whether names outside of the cluster resolve/);
});

test('should accept when every pair, Service and DNS answered', () => {
  assert.equal(reach(...pairs, ...quiet, ...addresses).verdict, 'pass');
});

test('should want every pair in the second family, too, where both pods have it', () => {
  const both = (node: string): Seen => ['reach-families', { node, families: ['IPv4', 'IPv6'] }];
  const further = (from: string, to: string, more: object = {}): Seen =>
    ok('pair', from, to, { family: 'IPv6', ...more });
  const seen = [...pairs, ...quiet, ...addresses, both('a'), both('b')];
  assert.equal(reach(...seen, further('a', 'b'), further('b', 'a')).verdict, 'pass');
  const lost = reach(...seen, further('a', 'b'), further('b', 'a', NEVER));
  assert.equal(lost.verdict, 'fail');
  assert.match(lost.reason, /^b -> a \(IPv6\): .*no answer/);
  const unasked = reach(...seen, further('a', 'b'));
  assert.equal(unasked.verdict, 'inconclusive');
  assert.match(unasked.reason, /b -> a \(IPv6\)/);
  assert.equal(reach(...seen.slice(0, -1)).verdict, 'pass', 'only one of the two has it');
});

test('should name the failing pair and its direction', () => {
  const judgement = reach(bad('pair', 'a', 'b'), ok('pair', 'b', 'a'), ...quiet, ...addresses);
  assert.equal(judgement.verdict, 'fail');
  assert.match(judgement.reason, /^a -> b: .*no answer/);
});

test('should not judge the network by pods that a NetworkPolicy isolates, and name it', () => {
  const lost = [bad('pair', 'a', 'b'), bad('pair', 'b', 'a'), ...quiet, ...addresses];
  const isolation = (policies: string[], more: object = {}): Seen => [
    'canary-isolation',
    { policies, ...more },
  ];
  const denied = reach(...lost, isolation(['plumbline-canary/default-deny']));
  assert.equal(denied.verdict, 'inconclusive');
  assert.match(
    denied.reason,
    /^could not be seen: a -> b: .*no answer; NetworkPolicy plumbline-canary\/default-deny isolates the canaries/,
  );
  const lossy = (from: string, to: string): Seen =>
    ok('pair', from, to, { asked: 2, lost: 2, detail: 'no answer' });
  const later = [lossy('a', 'b'), lossy('b', 'a'), ...quiet, ...addresses];
  assert.equal(reach(...later, isolation(['c/d'])).verdict, 'inconclusive');
  assert.equal(reach(...lost, isolation([])).verdict, 'fail');
  const unread = reach(...lost, isolation([], { unread: 'forbidden: no' }));
  assert.equal(unread.verdict, 'fail');
  assert.match(unread.seen, /whether a NetworkPolicy isolates the canaries could not be read: forbidden: no/);
});

test('should not excuse a cluster DNS that is silent by a policy that isolates only what canaries get', () => {
  const silent = [
    ...pairs,
    ok('service', 'a'),
    ok('service', 'b'),
    bad('dns', 'a'),
    bad('dns', 'b'),
    ...addresses,
  ];
  const under = (isolation: object) =>
    reach(...silent, ['canary-isolation', { policies: ['c/in'], ...isolation }]);
  assert.equal(under({ egress: [] }).verdict, 'fail');
  const sending = under({ policies: ['c/in', 'c/out'], egress: ['c/out'] });
  assert.equal(sending.verdict, 'inconclusive');
  assert.match(sending.reason, /NetworkPolicy c\/out isolates/);
  const dead = [bad('pair', 'a', 'b'), bad('pair', 'b', 'a'), ...quiet, ...addresses];
  const ingress: Seen = ['canary-isolation', { policies: ['c/in'], egress: [] }];
  assert.equal(reach(...dead, ingress).verdict, 'inconclusive', 'a pair gets as well');
});

test('should judge the network where other requests of the same kind pass the policy', () => {
  const isolation: Seen = ['canary-isolation', { policies: ['c/d'] }];
  const pair = reach(bad('pair', 'a', 'b'), ok('pair', 'b', 'a'), ...quiet, ...addresses, isolation);
  assert.equal(pair.verdict, 'fail');
  assert.match(pair.reason, /^a -> b: .*no answer$/);
  const services = (a: Seen): Seen[] => [a, bad('service', 'b'), ok('dns', 'a'), ok('dns', 'b')];
  const some = reach(...pairs, ...services(ok('service', 'a')), ...addresses, isolation);
  assert.equal(some.verdict, 'fail');
  const none = reach(...pairs, ...services(bad('service', 'a')), ...addresses, isolation);
  assert.equal(none.verdict, 'inconclusive', 'that pairs are answered says nothing of the Service');
  const dns = reach(...pairs, ...quiet.slice(0, 3), bad('dns', 'b'), ...addresses, isolation);
  assert.equal(dns.verdict, 'fail');
  const half = { asked: 10, lost: 5, detail: 'no answer' };
  const halfDead = [ok('dns', 'a', undefined, half), ok('dns', 'b', undefined, half)];
  assert.equal(reach(...pairs, ...quiet.slice(0, 2), ...halfDead, ...addresses, isolation).verdict, 'fail');
  const itself = [ok('service', 'a', undefined, half), bad('service', 'b')];
  assert.equal(
    reach(...pairs, ...itself, ...quiet.slice(2), ...addresses, isolation).verdict,
    'inconclusive',
    'a Service leads back to the pod itself',
  );
});

test('should not judge a family of addresses by what a policy lets through in the other', () => {
  const both = (node: string): Seen => ['reach-families', { node, families: ['IPv4', 'IPv6'] }];
  const second = (from: string, to: string): Seen => ok('pair', from, to, { family: 'IPv6', ...NEVER });
  const seen = [...pairs, ...quiet, ...addresses, both('a'), both('b'), second('a', 'b'), second('b', 'a')];
  assert.equal(reach(...seen).verdict, 'fail');
  assert.equal(reach(...seen, ['canary-isolation', { policies: ['c/ipv4'] }]).verdict, 'inconclusive');
});

test('false verdict 12: requests that are lost after the first answer count', () => {
  const lossy = ok('pair', 'a', 'b', { asked: 2, lost: 2, detail: 'no answer' });
  const judgement = reach(lossy, ok('pair', 'b', 'a'), ...quiet, ...addresses);
  assert.equal(judgement.verdict, 'fail');
  assert.match(judgement.reason, /^a -> b: .*2 of 2 lost/);
  const once = ok('dns', 'a', undefined, { lost: 1, detail: 'no answer' });
  assert.equal(reach(...pairs, ...quiet.slice(0, 2), once, ok('dns', 'b'), ...addresses).verdict, 'fail');
});

test('false verdict 40: a page that fits into one packet says nothing of larger ones', () => {
  for (const bytes of [10, 1400, undefined]) {
    const { verdict, reason } = reach(
      ok('pair', 'a', 'b', { bytes }),
      ...pairs.slice(1),
      ...quiet,
      ...addresses,
    );
    assert.equal(verdict, 'inconclusive', String(bytes));
    assert.match(reason, /page of a -> b: expected 16384 bytes or more/);
  }
});

test('should not take a pair for reached that was not asked again, or whose line is missing or doubled', () => {
  const short = ok('pair', 'a', 'b', { asked: 3 });
  assert.equal(reach(short, ok('pair', 'b', 'a'), ...quiet, ...addresses).verdict, 'inconclusive');
  assert.equal(reach(ok('pair', 'b', 'a'), ...quiet, ...addresses).verdict, 'inconclusive');
  assert.equal(reach(...pairs, ok('pair', 'b', 'a'), ...quiet, ...addresses).verdict, 'inconclusive');
  assert.equal(reach(...pairs, ...quiet, addresses[0]!).verdict, 'inconclusive');
});

test('should refuse a failing Service, failing DNS and an address outside its node', () => {
  assert.match(reach(...pairs, bad('service', 'a'), ...quiet.slice(1), ...addresses).reason, /a -> Service/);
  assert.match(
    reach(...pairs, ...quiet.slice(0, 3), bad('dns', 'b'), ...addresses).reason,
    /b -> cluster DNS/,
  );
  assert.equal(reach(...pairs, ...quiet, addresses[0]!, address('b', '10.0.0.1')).verdict, 'fail');
});

test('should not judge the address of a pod whose node has no block, and say what to declare', () => {
  const without = (node: string): Seen => ['pod-address', { node, ip: '10.128.2.9', podCidrs: [] }];
  const { verdict, reason } = reach(...pairs, ...quiet, without('a'), without('b'));
  assert.equal(verdict, 'inconclusive');
  assert.match(
    reason,
    /address of a pod on a: .* the node has none: declare topology\.network\.cni\.daemonSet/,
  );
  const mixed = reach(...pairs, ...quiet, without('a'), address('b', '10.0.0.1'));
  assert.equal(mixed.verdict, 'fail', 'one that has a block is held against it');
});

test('should be inconclusive about a pair that was not asked, with the reason', () => {
  const silent: Seen = [
    'reach-silent',
    { node: 'b', reason: 'the server pod on this node did not become ready' },
  ];
  const judgement = reach(ok('pair', 'a', 'b'), ...quiet, ...addresses, silent);
  assert.equal(judgement.verdict, 'inconclusive');
  assert.match(judgement.reason, /b -> a.*did not become ready/);
});

test('should fail for a clock that is off, be open where its error does not decide, and want one of each node', () => {
  const judged = (...clocks: Seen[]) =>
    judge({
      check: 'topology/network/reachability',
      goals: { clockSeconds: 10 },
      settings: { network: CNI, pools: [GENERAL] },
      seen: [...plan, ...pairs, ...bursts(pairs), ...quiet, ...addresses, ...clocks],
    });
  const figureOf = ({ figures }: ReturnType<typeof judged>): unknown =>
    figures.find(({ name }) => name === 'measured clocks are off by at most')?.value;
  const a = clock('a', 0);
  assert.equal(judged(a, clock('b', -9000)).verdict, 'pass');
  assert.deepEqual(figureOf(judged(a, clock('b', -9000))), '9052 ms (measured 9000 ms ± 52 ms)');
  const whole = judged(a, ['clock-offset', { ...clock('b', -400)[1], precision: 'second' }]);
  assert.equal(
    figureOf(whole),
    '652 ms (measured 100 ms ± 552 ms, since the clock was read in whole seconds)',
    'the bound is given, so that half a second of reading is not taken for a clock that is off',
  );
  const late = judged(a, clock('b', -1_800_000));
  assert.equal(late.verdict, 'fail');
  assert.match(late.reason, /clock of node b: .*within 10 s of this machine's.*1800 s behind/);
  assert.equal(judged(a, clock('b', 36_000_000)).verdict, 'fail');
  assert.equal(judged(a, clock('b', 9000, 4000)).verdict, 'inconclusive');
  for (const wrong of [[a], [a, a], [a, clock('c', 0)], [a, clock('b', 0), clock('b', 0)]])
    assert.equal(judged(...wrong).verdict, 'inconclusive');
  const unread: Seen = ['clock-unread', { source: 'b', reason: 'date answered nothing' }];
  assert.match(judged(a, unread).reason, /clock of node b.*date answered nothing/);
});

test("should demand the declared plugin's DaemonSet on every node", () => {
  const network = { cni: { name: 'cilium', daemonSet: { namespace: 'kube-system', name: 'cilium' } } };
  const seen: Seen[] = [...plan, ...pairs, ...bursts(pairs), ...quiet, ...right];
  const given = {
    check: 'topology/network/reachability',
    goals: { clockSeconds: 10 },
    settings: { network, pools: [GENERAL] },
  };
  const verdict = (...more: Seen[]) => judge({ ...given, seen: [...seen, ...more] }).verdict;
  assert.equal(verdict(), 'fail');
  assert.equal(verdict(['cni-daemonset', { ready: 1, wanted: 2 }]), 'fail');
  assert.equal(verdict(['cni-daemonset', { ready: 2, wanted: 2 }]), 'pass');
  const unready = (...nodes: string[]) => verdict(['cni-daemonset', { ready: 2, wanted: 3, unready: nodes }]);
  assert.equal(unready('joins-later'), 'pass', 'a node that is not looked at');
  assert.equal(unready('joins-later', 'b'), 'fail');
  assert.equal(verdict(['cni-daemonset', { ready: 0, wanted: 0, unready: [] }]), 'fail');
});

test('should tell addresses inside a block from those outside', () => {
  assert.ok(isInside('198.18.74.255', '198.18.74.0/24'));
  assert.ok(!isInside('198.18.75.0', '198.18.74.0/24'));
  assert.ok(isInside('198.19.255.1', '198.18.0.0/15'));
  assert.ok(isInside('1.2.3.4', '0.0.0.0/0'));
  assert.ok(!isInside('not an address', '198.18.74.0/24'));
  assert.ok(isInside('fd00:1::5', 'fd00:1::/64'));
  assert.ok(isInside('fd00:1:0:0:0:0:0:5', 'fd00:1::/64'));
  assert.ok(
    !isInside('fd00:10::5', 'fd00:1::/32'),
    'the beginning of the text is not the beginning of the bits',
  );
  assert.ok(!isInside('fd00:1:0:1::5', 'fd00:1::/64'));
  assert.ok(!isInside('198.18.74.9', ''));
});
