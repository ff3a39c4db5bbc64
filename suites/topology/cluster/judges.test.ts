import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';

const AT = '2026-01-01T00:00:00Z';
const VERSIONS = 'topology/cluster/versions';
/** Test histories begin 1 s after AT, hence the 1000 in `valid`. */
const DAY_MS = 86_400_000;
const valid = (days: number, more: Record<string, unknown> = {}): Seen => [
  'certificate',
  {
    subject: 'kubelet of a',
    address: '198.18.0.11:10250',
    validTo: new Date(Date.parse(AT) + days * DAY_MS + 1000).toISOString(),
    validFrom: AT,
    issuedTo: null,
    chain: [],
    chainOk: null,
    nameOk: null,
    detail: 'signed by a',
    ...more,
  },
];
/** After the handshakes. */
const LATER = new Date(Date.parse(AT) + DAY_MS).toISOString();
const EDGE = { name: 'edge', host: 'edge.test', port: 443, trust: 'system' };
const edge = (more: Record<string, unknown> = {}): Seen =>
  valid(90, { subject: 'edge', address: 'edge.test:443', chainOk: true, nameOk: true, ...more });
const api: Seen = ['api-version', { version: 'v1.37.2' }];
const kubelet = (version: string, node = 'a', address = '198.18.0.11'): Seen => [
  'kubelet',
  { node, version, address },
];
const goals = { maxMinorSkew: 3, minDays: 30 };
const nodes = (...names: string[]): Seen => ['nodes', { names }];
const versionsWith = (settings: Record<string, unknown>, seen: Seen[]) =>
  judge({ check: VERSIONS, goals, settings, seen });
const versions = (...seen: Seen[]) => versionsWith({}, [nodes('a'), ...seen]);

test('should accept kubelets up to three minors behind and certificates of 30 days', () => {
  const old = kubelet('v1.34.0', 'b', '198.18.0.12');
  const other = valid(30.001, { subject: 'kubelet of b', address: '198.18.0.12:10250' });
  const seen = [nodes('a', 'b'), api, kubelet('v1.37.2'), old, valid(30.001), other];
  assert.equal(versionsWith({}, seen).verdict, 'pass');
});

test('should refuse a kubelet four minors behind or newer than the API server', () => {
  assert.match(versions(api, kubelet('v1.33.9'), valid(90)).reason, /v1\.33\.9/);
  assert.equal(versions(api, kubelet('v1.38.0'), valid(90)).verdict, 'fail');
});

test('should refuse a certificate of 29.9 or 5 days, one past its end, and one that is not valid yet', () => {
  for (const days of [29.9, 5, -1])
    assert.equal(versions(api, kubelet('v1.37.2'), valid(days)).verdict, 'fail', String(days));
  assert.match(versions(api, kubelet('v1.37.2'), valid(90, { validFrom: LATER })).reason, /not yet/);
});

/** As kubelet gets it from the cluster. */
const renewed = (left: number, lifetime: number, more: Record<string, unknown> = {}): Seen =>
  valid(left, {
    validFrom: new Date(Date.parse(AT) + (left - lifetime) * DAY_MS + 1000).toISOString(),
    issuedTo: 'system:node:a',
    ...more,
  });
const renewing = (...seen: Seen[]) =>
  judge({
    check: VERSIONS,
    goals: { ...goals, kubeletLifetimeShare: 0.08 },
    settings: {},
    seen: [nodes('a'), api, kubelet('v1.37.2'), ...seen],
  });

test('should hold a certificate that its kubelet renews against its lifetime, where that is short', () => {
  for (const [left, lifetime] of [
    [29.9, 30],
    [3, 30],
    [2.41, 30],
    [0.09, 1],
    [31, 3650],
  ] as const)
    assert.equal(renewing(renewed(left, lifetime)).verdict, 'pass', `${left} of ${lifetime}`);
  const late = renewing(renewed(2.3, 30));
  assert.equal(late.verdict, 'fail');
  assert.match(late.reason, /expected valid for 2\.4 of its 30\.0 days or more, seen 2\.3 days/);
  const [share] = late.figures.filter(({ name }) => name.startsWith('least lifetime left'));
  assert.deepEqual([share?.value, share?.goal], [7.6, '≥ 8']);
  assert.match(renewing(renewed(29, 3650)).reason, /valid for 30 days or more/);
});

test('should hold any other certificate against the days, however short its lifetime is', () => {
  assert.equal(renewing(renewed(29, 30, { issuedTo: 'a@1764000000' })).verdict, 'fail', 'made by kubelet');
  assert.equal(renewing(renewed(29, 30, { issuedTo: 'system:node:b' })).verdict, 'fail', 'of another');
  const own = { certificates: [EDGE] };
  const short = edge({ ...renewed(5, 5.01)[1], subject: 'edge', address: 'edge.test:443' });
  assert.equal(versionsWith(own, [nodes('a'), api, kubelet('v1.37.2'), valid(90), short]).verdict, 'fail');
});

test('should not know how much of a lifetime must be left where nothing says it', () => {
  const withoutGoal = versions(api, kubelet('v1.37.2'), renewed(90, 100));
  assert.match(withoutGoal.reason, /^could not be seen: goal kubeletLifetimeShare/);
});

test('should hold a certificate against its own declared days when it has them', () => {
  const settings = { certificates: [{ ...EDGE, minDays: 7 }] };
  const until = new Date(Date.parse(AT) + 10 * DAY_MS + 1000).toISOString();
  const seen = [nodes('a'), api, kubelet('v1.37.2'), valid(90), edge({ validTo: until })];
  assert.equal(versionsWith(settings, seen).verdict, 'pass');
});

test('should hold what is sent behind a certificate against the same days, but what clients go around', () => {
  const sent = (days: number, more: Record<string, unknown> = {}) => {
    const validTo = new Date(Date.parse(AT) + days * DAY_MS + 1000).toISOString();
    const chain = [{ issuedTo: 'authority', validTo }];
    return versionsWith({ certificates: [EDGE] }, [
      nodes('a'),
      api,
      kubelet('v1.37.2'),
      valid(90),
      edge({ chain, ...more }),
    ]);
  };
  assert.equal(sent(40).verdict, 'pass');
  const short = sent(29);
  assert.equal(short.verdict, 'fail');
  assert.match(
    short.reason,
    /^authority, sent behind certificate of edge at edge\.test:443: .* seen 29\.0 days$/,
  );
  assert.equal(short.figures.find(({ name }) => name === 'shortest certificate')?.value, 29);
  assert.equal(sent(-3).verdict, 'pass', 'the chain is accepted without it');
  assert.equal(sent(-3, { chainOk: false }).verdict, 'fail');
});

test('false verdict 12: a declared certificate of nobody, or for another name, fails', () => {
  const settings = { certificates: [EDGE] };
  const seen = (more: Record<string, unknown>) =>
    versionsWith(settings, [nodes('a'), api, kubelet('v1.37.2'), valid(90), edge(more)]);
  assert.equal(seen({}).verdict, 'pass');
  const nobody = seen({ chainOk: false, detail: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  assert.equal(nobody.verdict, 'fail');
  assert.match(nobody.reason, /chain of certificate of edge.*SELF_SIGNED/);
  const other = seen({ nameOk: false, detail: 'not for edge.test' });
  assert.match(other.reason, /name in certificate of edge.*issued for edge.test/);
  assert.equal(seen({ chainOk: null, nameOk: null }).verdict, 'inconclusive', 'it was not looked at');
});

test('should be inconclusive about an endpoint without a handshake, and one that was not asked', () => {
  const silent = valid(90, { validTo: null, validFrom: null, detail: 'no TLS handshake' });
  assert.equal(versions(api, kubelet('v1.37.2'), silent).verdict, 'inconclusive');
  assert.equal(versions(api, kubelet('v1.37.2')).verdict, 'inconclusive');
});

const FORWARDED = { reach: 'port-forward', apiAddress: 'api.test:6443' };
const clients = (more: Record<string, unknown> = {}): Seen =>
  valid(90, { subject: "the API's address for clients", address: 'api.test:6443', ...more });
const apiPod: Seen = ['api-pod', { node: 'a' }];

test('should say from outside of the network that certificates at nodes were not looked at, and judge the rest', () => {
  const forwarded = (...seen: Seen[]) =>
    versionsWith(FORWARDED, [nodes('a'), api, kubelet('v1.37.2'), apiPod, ...seen]);
  const passed = forwarded(clients());
  assert.equal(passed.verdict, 'pass', passed.reason);
  assert.match(passed.seen, /certificates of kubelets, .*, were not looked at: cluster\.reach: port-forward/);
  assert.equal(forwarded(clients({ validFrom: LATER })).verdict, 'fail');
  assert.equal(forwarded().verdict, 'inconclusive');
});

test('should miss the certificates of nodes where the header does not say that they are out of reach', () => {
  const { reach: _reach, ...inside } = FORWARDED;
  const seen = [nodes('a'), api, kubelet('v1.37.2'), apiPod, clients()];
  const { verdict, findings } = versionsWith(inside, seen);
  assert.equal(verdict, 'inconclusive');
  assert.deepEqual(
    findings.map(({ subject }) => subject),
    ['certificate of API server of a', 'certificate of kubelet of a'],
  );
});

test('should not compare the version of a virtual kubelet, and say so', () => {
  const virtual = (more: object): Seen => [
    'kubelet',
    { ...kubelet('v1.25.0-vk-azure-aci-1.6.2', 'v', '198.18.0.12')[1], ...more },
  ];
  const seen = (more: object): Seen[] => [
    nodes('a', 'v'),
    api,
    kubelet('v1.37.2'),
    valid(90),
    virtual(more),
    valid(90, { subject: 'kubelet of v', address: '198.18.0.12:10250' }),
  ];
  const passed = versionsWith({}, seen({ virtual: true }));
  assert.equal(passed.verdict, 'pass', passed.reason);
  assert.match(passed.seen, /virtual kubelets .* were not compared: v \(v1\.25\.0-vk-azure-aci-1\.6\.2\)/);
  assert.equal(versionsWith({}, seen({})).verdict, 'fail');
});

const member = (id: string, more: Record<string, unknown> = {}): Seen => [
  'etcd-member',
  { id, name: id, learner: false, healthy: true, leader: '1', leads: id === '1', error: '', ...more },
];
const node = (name: string, ready = true): Seen => ['control-node', { name, ready }];
const three = [node('a'), node('b'), node('c')];
const controlPlane = (...seen: Seen[]) =>
  judge({
    check: 'topology/cluster/control-plane',
    settings: { controlPlane: { nodes: 3, etcdMembers: 3 } },
    seen: [nodes('a', 'b', 'c', 'd', 'worker'), ...seen],
  });

test('should refuse an unhealthy member, a learner, a missing member, two leaders and none', () => {
  const dead = { healthy: false, leader: null, error: 'context deadline exceeded' };
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
      member('1', { leader: null, leads: false }),
      member('2', { leader: null }),
      member('3', { leader: null }),
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
const server = (when: string, more: Record<string, unknown> = {}): Seen => [
  'api-server',
  { node: 'a', address: 'a:6443', when, ok: true, detail: 'status 200', ...more },
];
interface Outage {
  failed: number;
  total: number;
  /** Failed requests before the server was down. */
  before?: number;
  proved?: boolean;
  leaders?: string[];
  lost?: number;
}
/** A minute with one outage of 4 s, as it is recorded. */
function outage({ failed, total, before = 0, proved = true, leaders = ['p-0'], lost = 0 }: Outage) {
  const oks = [
    ...Array<boolean>(before).fill(false),
    ...Array.from({ length: total }, (_, i) => i >= failed),
  ];
  const requests = oks.map((ok, i): Seen => {
    const sentMs = i < before ? 4000 + i : 5000 + i;
    return ['api-request', { n: i + 1, sentMs, t: sentMs + 3, ok, detail: '' }];
  });
  const look = (when: string, i: number): Seen => [
    'store-leader',
    { store: 'postgres', when, leader: leaders[i] ?? leaders.at(-1) },
  ];
  const answered = oks.filter(Boolean).length;
  return [
    server('before'),
    look('before', 0),
    ['server-down', { node: 'a', proved, detail: '', t: 5000 }],
    ...requests.slice(lost),
    ['server-start', { node: 'a', t: 9000 }],
    server('again', { t: 9001 }),
    look('a', 1),
    ['api-requests', { sent: oks.length, answered }],
    look('after', 2),
  ] as Seen[];
}
const balanced = (seen: Seen[], answeredRatio = 0.99) =>
  judge({
    check: BALANCED,
    settings: {
      controlPlane: { nodes: 1 },
      stores: { postgres: { members: 3 } },
      timeouts: { connect: 3000 },
    },
    goals: { answeredRatio },
    seen,
  });

test('should accept 99 % answered while a server is down and an unchanged leader', () => {
  assert.equal(balanced(outage({ failed: 4, total: 400 })).verdict, 'pass');
});

test('should round the share that was answered down, and show the goal as it was declared', () => {
  const { verdict, figures } = balanced(outage({ failed: 1, total: 700 }), 0.9985);
  const shown = figures.find(({ name }) => name === 'answered without a');
  // 699 of 700 are 99.857 %.
  assert.deepEqual([verdict, shown?.value, shown?.goal], ['pass', 99.85, '≥ 99.85']);
});

test('should refuse 98.75 %, a changed leader, and a server that does not answer itself', () => {
  assert.equal(balanced(outage({ failed: 5, total: 400 })).verdict, 'fail');
  assert.match(balanced(outage({ failed: 0, total: 400, leaders: ['p-0', 'p-1'] })).reason, /p-0 → p-1/);
  const silent = [...outage({ failed: 0, total: 400 }), server('again', { ok: false, detail: 'refused' })];
  assert.equal(balanced(silent).verdict, 'fail');
});

test('should be inconclusive when the server never went down or too few requests were sent', () => {
  assert.equal(balanced(outage({ failed: 0, total: 400, proved: false })).verdict, 'inconclusive');
  assert.equal(balanced(outage({ failed: 0, total: 50 })).verdict, 'inconclusive');
});

test('should fail when nothing answered, however few requests those were', () => {
  assert.equal(balanced(outage({ failed: 40, total: 40 })).verdict, 'fail');
});

test('should count only requests sent while the server was down', () => {
  assert.equal(balanced(outage({ failed: 0, total: 400, before: 50 })).verdict, 'pass');
});

test('should miss a request, an answer, an outage, or a look at who leads', () => {
  assert.equal(balanced(outage({ failed: 0, total: 400, lost: 1 })).verdict, 'inconclusive');
  const whole = outage({ failed: 0, total: 400 });
  const without = (kind: string) => balanced(whole.filter(([one]) => one !== kind)).verdict;
  for (const kind of ['server-start', 'api-requests', 'api-server', 'store-leader'])
    assert.equal(without(kind), 'inconclusive', kind);
  assert.equal(without('server-down'), 'fail');
  const turned = whole.map(([kind, fields], i): Seen =>
    i === 5 ? [kind, { ...fields, ok: false }] : [kind, fields],
  );
  assert.equal(balanced(turned).verdict, 'inconclusive', 'one answer less than were counted');
});
