import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from './testing.ts';
import type { Seen } from './testing.ts';

const AT = '2026-01-01T00:00:00Z';
const VERSIONS = 'topology/cluster/versions';
const certificate = (days: number, more: Record<string, unknown> = {}): Seen => [
  'certificate',
  {
    subject: 'edge',
    address: '198.18.0.2:443',
    at: AT,
    validTo: new Date(Date.parse(AT) + days * 86_400_000).toISOString(),
    ...more,
  },
];
const api: Seen = ['api-version', { version: 'v1.37.2' }];
const kubelet = (version: string): Seen => ['kubelet', { node: 'a', version }];
const goals = { maxMinorSkew: 3, minDays: 30 };
const versions = (...seen: Seen[]) => judge({ check: VERSIONS, goals, seen });

test('should accept kubelets up to three minors behind and certificates of 30 days', () => {
  assert.equal(versions(api, kubelet('v1.37.2'), kubelet('v1.34.0'), certificate(30)).verdict, 'pass');
});

test('should refuse a kubelet four minors behind or newer than the API server', () => {
  assert.match(versions(api, kubelet('v1.33.9'), certificate(90)).reason, /v1\.33\.9/);
  assert.equal(versions(api, kubelet('v1.38.0'), certificate(90)).verdict, 'fail');
});

test('should refuse a certificate of 29.9 or 5 days, and one past its end', () => {
  for (const days of [29.9, 5, -1])
    assert.equal(versions(api, kubelet('v1.37.2'), certificate(days)).verdict, 'fail', String(days));
});

test('should hold a certificate against its own declared days when it has them', () => {
  assert.equal(versions(api, kubelet('v1.37.2'), certificate(10, { minDays: 7 })).verdict, 'pass');
});

test('should be inconclusive about an endpoint without a handshake, and without any endpoint', () => {
  const silent: Seen = [
    'certificate',
    { subject: 'kubelet of a', address: 'x:10250', at: AT, error: 'no TLS handshake within 3000 ms' },
  ];
  assert.equal(versions(api, kubelet('v1.37.2'), certificate(90), silent).verdict, 'inconclusive');
  assert.equal(versions(api, kubelet('v1.37.2')).verdict, 'inconclusive');
});

test('should not take an unreadable version for a good one', () => {
  assert.equal(versions(api, kubelet(''), certificate(90)).verdict, 'fail');
});

const member = (id: string, more: Record<string, unknown> = {}): Seen => [
  'etcd-member',
  { id, name: id, learner: false, healthy: true, leader: '1', error: '', ...more },
];
const node = (name: string, ready = true): Seen => ['node', { name, ready }];
const three = [node('a'), node('b'), node('c')];
const controlPlane = (...seen: Seen[]) =>
  judge({
    check: 'topology/cluster/control-plane',
    settings: { controlPlane: { nodes: 3, etcdMembers: 3 } },
    seen,
  });

test('should accept three Ready nodes and three healthy voting members with one leader', () => {
  assert.equal(controlPlane(...three, member('1'), member('2'), member('3')).verdict, 'pass');
});

test('should refuse an unhealthy member, a learner, a missing member, two leaders and none', () => {
  const dead = { healthy: false, leader: '', error: 'context deadline exceeded' };
  assert.match(
    controlPlane(...three, member('1'), member('2'), member('3', dead)).reason,
    /etcd member 3.*deadline/,
  );
  assert.equal(
    controlPlane(...three, member('1'), member('2'), member('3', { learner: true })).verdict,
    'fail',
  );
  assert.equal(controlPlane(...three, member('1'), member('2')).verdict, 'fail');
  assert.equal(
    controlPlane(...three, member('1'), member('2'), member('3', { leader: '2' })).verdict,
    'fail',
  );
  assert.equal(
    controlPlane(
      ...three,
      member('1', { leader: '0' }),
      member('2', { leader: '0' }),
      member('3', { leader: '0' }),
    ).verdict,
    'fail',
  );
});

test('should refuse too few, too many or unready control-plane nodes', () => {
  const etcd = [member('1'), member('2'), member('3')];
  assert.equal(controlPlane(node('a'), node('b'), ...etcd).verdict, 'fail');
  assert.equal(controlPlane(...three, node('d'), ...etcd).verdict, 'fail');
  assert.match(controlPlane(node('a'), node('b'), node('c', false), ...etcd).reason, /node c.*not Ready/);
});

test('should be inconclusive when etcd could not be asked', () => {
  assert.equal(
    controlPlane(...three, ['unavailable', { what: 'etcd', reason: 'forbidden' }]).verdict,
    'inconclusive',
  );
});

const BALANCED = 'topology/cluster/api-balanced';
const request = (t: number, ok: boolean): Seen => ['request', { sentMs: t, ms: 3, ok }];
function outage(of: { failed: number; total: number; proved?: boolean; start?: boolean }): Seen[] {
  const requests = Array.from({ length: of.total }, (_, i) => request(5000 + i, i >= of.failed));
  const down: Seen = ['server-down', { node: 'a', proved: of.proved ?? true, t: 5000 }];
  return [
    ['api-server', { node: 'a', address: 'a:6443', ok: true, detail: 'status 200' }],
    down,
    ...requests,
    ...(of.start === false ? [] : [['server-start', { node: 'a', t: 9000 }] as Seen]),
  ];
}
const leader = (name: string): Seen => ['store-leader', { store: 'postgres', leader: name }];
const balanced = (...seen: Seen[]) =>
  judge({ check: BALANCED, settings: { controlPlane: { nodes: 1 } }, goals: { answeredRatio: 0.99 }, seen });

test('should accept 99 % answered while a server is down and an unchanged leader', () => {
  assert.equal(balanced(leader('p-0'), ...outage({ failed: 4, total: 400 }), leader('p-0')).verdict, 'pass');
});

test('should refuse 98.75 %, a changed leader, and a server that does not answer itself', () => {
  assert.equal(balanced(leader('p-0'), ...outage({ failed: 5, total: 400 }), leader('p-0')).verdict, 'fail');
  assert.match(
    balanced(leader('p-0'), ...outage({ failed: 0, total: 400 }), leader('p-1')).reason,
    /p-0 → p-1/,
  );
  assert.equal(
    balanced(...outage({ failed: 0, total: 400 }), [
      'api-server',
      { node: 'a', ok: false, detail: 'refused' },
    ]).verdict,
    'fail',
  );
});

test('should be inconclusive when the server never went down or too few requests were sent', () => {
  assert.equal(balanced(...outage({ failed: 0, total: 400, proved: false })).verdict, 'inconclusive');
  assert.equal(balanced(...outage({ failed: 0, total: 50 })).verdict, 'inconclusive');
});

test('should fail when nothing answered, however few requests those were', () => {
  assert.equal(balanced(...outage({ failed: 40, total: 40 })).verdict, 'fail');
});

test('should count only requests sent while the server was down', () => {
  const before = Array.from({ length: 50 }, (_, i) => request(4000 + i, false));
  assert.equal(balanced(...before, ...outage({ failed: 0, total: 400 })).verdict, 'pass');
});
