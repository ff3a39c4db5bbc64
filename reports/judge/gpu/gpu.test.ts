import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Judgement } from '../../record/judgement.ts';
import { judge } from '../topology/testing.ts';
import type { Seen } from '../topology/testing.ts';

const RESOURCE = 'nvidia.com/gpu';
const TAINT = { key: RESOURCE, effect: 'NoSchedule' };
const GPU = {
  ...{ resource: RESOURCE, kind: 'whole', pool: 'gpu', devicesPerNode: 2, sharedBy: 1, simulated: true },
  plugin: { namespace: 'kube-system', name: 'device-plugin' },
  metrics: { series: 'util', maximum: 1, labels: { device: 'device', node: 'node', pod: 'pod' } },
};
const POOL = { name: 'gpu', count: { min: 1, max: 1 }, labels: { pool: 'gpu' }, taints: [TAINT] };

function gpu(check: string, seen: Seen[], declared: Record<string, unknown> = {}): Judgement {
  const settings = { gpu: { ...GPU, ...declared }, pools: [POOL], scrapeSeconds: 5 };
  return judge({ check: `gpu/${check}`, settings, goals: { releaseSeconds: 30, freshScrapes: 2 }, seen });
}

const node = (more: Record<string, unknown> = {}): Seen => [
  'gpu-node',
  { name: 'gpu-1', pool: true, ready: true, capacity: 2, allocatable: 2, taints: [TAINT], ...more },
];
const asked = (requested: number): Seen => ['gpu-requested', { node: 'gpu-1', requested, holders: [] }];
const holds = (pod: string, more: Record<string, unknown> = {}): Seen => [
  'gpu-pod',
  { pod, asked: 1, state: 'ready', node: 'gpu-1', devices: [`dev-of-${pod}`], detail: 'Running', ...more },
];
const REFUSED = {
  ...{ state: 'refused', node: null, devices: null },
  detail: '0/7 nodes are available: 7 Insufficient nvidia.com/gpu.',
};
const busy: Seen = ['gpu-busy', { free: 0, offered: 2, needed: 1 }];

describe('gpu/allocatable', () => {
  const plugin: Seen = ['gpu-plugin', { ready: 1, wanted: 1 }];

  it('should accept a pool that offers what is declared, and show it', () => {
    const judgement = gpu('allocatable', [node(), plugin]);
    assert.equal(judgement.verdict, 'pass');
    assert.match(judgement.seen, /simulated devices/);
    assert.deepEqual(judgement.gpu, {
      resource: RESOURCE,
      kind: 'whole',
      simulated: true,
      nodes: [{ node: 'gpu-1', pool: true, offers: 2, requested: null }],
      devices: [],
    });
  });

  it('should refuse a node that offers nothing, and devices outside of the pool', () => {
    const none = gpu('allocatable', [node({ allocatable: 0 }), ['gpu-plugin', { ready: 0, wanted: 0 }]]);
    assert.equal(none.verdict, 'fail');
    assert.match(none.reason, /node gpu-1: expected 2 nvidia\.com\/gpu to give, seen 0 \(and 1 more\)/);
    assert.equal(gpu('allocatable', [node({ capacity: null, allocatable: null }), plugin]).verdict, 'fail');
    assert.equal(gpu('allocatable', [node({ ready: false }), plugin]).verdict, 'fail');
    const stray = gpu('allocatable', [node(), node({ name: 'worker-1', pool: false }), plugin]);
    assert.match(stray.reason, /worker-1, not of the pool/);
  });

  it('should be open about nodes that nobody could list, and fail where there are none', () => {
    const gap: Seen = ['unavailable', { what: 'v1/Node', reason: 'forbidden' }];
    assert.equal(gpu('allocatable', [gap]).verdict, 'inconclusive');
    assert.equal(gpu('allocatable', [plugin]).verdict, 'fail');
  });
});

describe('gpu/schedule', () => {
  it('should accept a pod on the pool that knows its device', () => {
    const judgement = gpu('schedule', [node(), asked(0), holds('gpu-lands')]);
    assert.equal(judgement.verdict, 'pass');
    assert.deepEqual(judgement.gpu?.devices, [
      { node: 'gpu-1', device: 'dev-of-gpu-lands', pod: 'gpu-lands', utilisation: null },
    ]);
  });

  it('should refuse a pod elsewhere, without a device, or that fits nowhere', () => {
    assert.match(gpu('schedule', [node(), holds('a', { node: 'worker-1' })]).reason, /on worker-1/);
    assert.match(gpu('schedule', [node(), holds('a', { devices: [] })]).reason, /seen none/);
    const unread = gpu('schedule', [node(), holds('a', { devices: null })]);
    assert.equal(unread.verdict, 'inconclusive');
    assert.match(unread.reason, /its environment was not read/);
    assert.match(gpu('schedule', [node(), holds('a', REFUSED)]).reason, /refused: .*Insufficient/);
    const placed: Seen = ['gpu-placed', { pod: 'tender/ai-0', node: 'worker-1' }];
    assert.match(gpu('schedule', [node(), holds('a'), placed]).reason, /tender\/ai-0/);
  });

  it('should refuse a device that does not answer', () => {
    const answer = (code: number): Seen => [
      'gpu-answer',
      { command: 'nvidia-smi -L', code, output: 'no driver' },
    ];
    assert.equal(gpu('schedule', [node(), holds('a'), answer(0)]).verdict, 'pass');
    assert.match(gpu('schedule', [node(), holds('a'), answer(9)]).reason, /exit 9: no driver/);
  });

  it('should be open where others hold all devices, or nothing may be started', () => {
    assert.equal(gpu('schedule', [node(), busy, holds('a', REFUSED)]).verdict, 'inconclusive');
    assert.equal(gpu('schedule', [node()]).verdict, 'inconclusive');
  });
});

describe('gpu/taint', () => {
  const refused = (more: Record<string, unknown> = {}): Seen => [
    'gpu-refused',
    {
      ...{ pod: 'gpu-stranger-0', asked: 0, node: null, state: 'refused', tolerated: false, source: 'event' },
      message: '0/7 nodes are available: 1 node(s) had untolerated taint(s).',
      ...more,
    },
  ];
  const tenants = (...intruders: string[]): Seen => ['gpu-tenants', { node: 'gpu-1', pods: 3, intruders }];

  it('should accept strangers that are refused because of the taint', () => {
    assert.equal(gpu('taint', [node(), tenants(), refused()]).verdict, 'pass');
  });

  it('should refuse one that lands, one that is refused for something else, and one that was there before', () => {
    assert.match(gpu('taint', [node(), refused({ node: 'gpu-1' })]).reason, /it landed on gpu-1/);
    assert.match(
      gpu('taint', [node(), refused({ message: '1 Insufficient cpu' })]).reason,
      /Insufficient cpu/,
    );
    assert.match(gpu('taint', [node(), tenants('tender/x'), refused()]).reason, /tender\/x/);
    assert.match(
      gpu('taint', [node({ taints: [] }), refused()]).reason,
      /without nvidia\.com\/gpu:NoSchedule/,
    );
  });

  it('should let a pod that asks for a device be given the toleration, and be open about silence', () => {
    const given = gpu('taint', [node(), refused(), refused({ asked: 1, node: 'gpu-1', tolerated: true })]);
    assert.equal(given.verdict, 'pass');
    assert.match(given.seen, /was given the toleration/);
    assert.equal(gpu('taint', [node(), refused({ message: '' })]).verdict, 'inconclusive');
  });
});

describe('gpu/exclusive', () => {
  it('should accept devices that differ', () => {
    const judgement = gpu('exclusive', [node(), asked(0), holds('a'), holds('b')]);
    assert.equal(judgement.verdict, 'pass');
    assert.equal(judgement.figures.find(({ name }) => name === 'devices held at once')?.value, 2);
  });

  it('should refuse a device in two hands, unless it is shared by as many', () => {
    const same = [node(), holds('a', { devices: ['x'] }), holds('b', { devices: ['x'] })];
    assert.match(
      gpu('exclusive', same).reason,
      /device x of gpu-1: expected held by one container, seen a, b/,
    );
    assert.equal(gpu('exclusive', same, { sharedBy: 2, kind: 'shared' }).verdict, 'pass');
    const nodes = [node(), holds('a', { devices: ['x'] }), holds('b', { devices: ['x'], node: 'gpu-2' })];
    assert.equal(gpu('exclusive', nodes).verdict, 'pass');
  });

  it('should refuse a container that was given more than it asked for, and requests beyond what there is', () => {
    assert.equal(gpu('exclusive', [node(), holds('a', { devices: ['x', 'y'] })]).verdict, 'fail');
    assert.equal(gpu('exclusive', [node(), asked(3), holds('a')]).verdict, 'fail');
  });

  it('should be open where too few are free, and read Prometheus where nothing may be started', () => {
    assert.equal(gpu('exclusive', [node(), asked(2), busy]).verdict, 'inconclusive');
    const series = (...pods: (string | null)[]): Seen => [
      'gpu-series',
      {
        samples: pods.map((pod) => ({ device: 'x', node: 'gpu-1', pod, value: 1, ageSeconds: 1 })),
        holder: null,
      },
    ];
    assert.equal(gpu('exclusive', [node(), asked(1), series('a')]).verdict, 'pass');
    assert.equal(gpu('exclusive', [node(), asked(1), series('a', 'b')]).verdict, 'fail');
    assert.equal(gpu('exclusive', [node(), asked(1), series(null)]).verdict, 'inconclusive');
    for (const nobody of [[], [series()], [series('')]])
      assert.match(gpu('exclusive', [node(), asked(0), ...nobody]).reason, /no holder of a device was seen/);
  });
});

describe('gpu/exhausted', () => {
  const extra = (more: Record<string, unknown> = {}): Seen => [
    'gpu-refused',
    {
      ...{ pod: 'gpu-one-too-many', asked: 1, node: null, state: 'refused', source: 'event' },
      message: '0/7 nodes are available: 1 Insufficient nvidia.com/gpu, 6 node(s) had untolerated taint(s).',
      ...more,
    },
  ];

  it('should accept a pod that is refused for want of the resource', () => {
    const judgement = gpu('exhausted', [node(), holds('a'), holds('b'), extra(), asked(2)]);
    assert.equal(judgement.verdict, 'pass');
    assert.equal(judgement.figures.find(({ name }) => name === 'read from')?.value, "the scheduler's event");
  });

  it('should refuse a wrong reason, and a pod for which there is no device', () => {
    assert.equal(gpu('exhausted', [node(), extra({ message: '7 Insufficient cpu' })]).verdict, 'fail');
    const landed = [node({ allocatable: 3 }), holds('a'), holds('b'), extra({ node: 'gpu-1' }), asked(3)];
    assert.match(gpu('exhausted', landed).reason, /it landed on gpu-1, where pods now ask for 3 of 2/);
    assert.equal(gpu('exhausted', [node({ allocatable: 0 }), extra()]).verdict, 'fail');
  });

  it('should be open where somebody gave a device back meanwhile', () => {
    const freed = gpu('exhausted', [node(), asked(2), extra({ node: 'gpu-1' }), asked(2)]);
    assert.equal(freed.verdict, 'inconclusive');
  });
});

describe('gpu/release', () => {
  const back = (what: string, afterMs: number | null, more: Record<string, unknown> = {}): Seen => [
    'gpu-back',
    { what, node: 'gpu-1', tries: 1, detail: 'Pending', afterMs, waitedMs: afterMs ?? 120_000, ...more },
  ];

  it('should accept devices that are in use again in time', () => {
    const judgement = gpu('release', [
      node(),
      holds('a'),
      back('deletion', 2100),
      back('restart', 9000, { tries: 3 }),
    ]);
    assert.equal(judgement.verdict, 'pass');
    assert.equal(judgement.figures.find(({ name }) => name === 'back after deletion')?.value, 2.1);
  });

  it('should refuse those that come late or never', () => {
    assert.match(
      gpu('release', [node(), back('deletion', 61_500)]).reason,
      /seen in use again after 61\.5 s/,
    );
    assert.match(gpu('release', [node(), back('restart', null)]).reason, /not within 120\.0 s \(Pending\)/);
  });

  it('should be open where nothing was released', () => {
    assert.equal(gpu('release', [node(), busy]).verdict, 'inconclusive');
    const free: Seen = ['gpu-not-waiting', { state: 'ready', node: 'gpu-1', detail: 'Running' }];
    assert.equal(gpu('release', [node(), holds('a'), free]).verdict, 'inconclusive');
  });
});

describe('gpu/metrics', () => {
  const sample = (device: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
    ...{ device, node: 'gpu-1', pod: '', value: 0.5, ageSeconds: 3 },
    ...more,
  });
  const series = (samples: unknown[], holder: string | null = null): Seen => [
    'gpu-series',
    { samples, holder },
  ];

  it('should accept a fresh sample of every device, and count only the last answer', () => {
    const late = series([sample('a'), sample('b', { pod: 'gpu-is-seen' })], 'gpu-is-seen');
    const judgement = gpu('metrics', [node(), series([]), late]);
    assert.equal(judgement.verdict, 'pass');
    assert.deepEqual(judgement.gpu?.devices[1], {
      ...{ node: 'gpu-1', device: 'b', pod: 'gpu-is-seen', utilisation: 0.5 },
    });
  });

  it('should refuse devices that are not measured, old samples, and values that cannot be', () => {
    assert.match(gpu('metrics', [node(), series([sample('a')])]).reason, /devices of node gpu-1.*seen 1/);
    const old = gpu('metrics', [node(), series([sample('a'), sample('b', { ageSeconds: 11 })])]);
    assert.match(old.reason, /seen 1, and 1 older/);
    assert.equal(gpu('metrics', [node(), series([sample('a'), sample('b', { value: 7 })])]).verdict, 'fail');
    assert.equal(
      gpu('metrics', [node(), series([sample('a'), sample('b', { value: null })])]).verdict,
      'fail',
    );
  });

  it('should refuse a series that does not name the pod that holds a device, where it is declared to', () => {
    const both = series([sample('a'), sample('b')], 'gpu-is-seen');
    assert.match(gpu('metrics', [node(), both]).reason, /no device names it/);
    const unnamed = { ...GPU.metrics, labels: { device: 'UUID', node: 'Hostname' } };
    assert.equal(gpu('metrics', [node(), both], { metrics: unnamed }).verdict, 'pass');
  });

  it('should be open where Prometheus does not answer', () => {
    const gap: Seen = ['unavailable', { what: 'Prometheus', reason: 'ECONNREFUSED' }];
    assert.equal(gpu('metrics', [node(), gap]).verdict, 'inconclusive');
  });

  it('should expect as many series as there are devices behind slices of time', () => {
    const sliced = { devicesPerNode: 8, sharedBy: 4, kind: 'shared' };
    assert.equal(gpu('metrics', [node(), series([sample('a'), sample('b')])], sliced).verdict, 'pass');
    assert.equal(gpu('metrics', [node(), series([sample('a')])], sliced).verdict, 'fail');
  });
});
