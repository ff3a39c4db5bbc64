import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Judgement } from '../../reports/record/judgement.ts';
import type { Seen } from '../_testing/histories.ts';
import { asked, busy, GPU, gpu, holds, node, REFUSED, refused, TAINT } from './_testing/histories.ts';

/** Without any single observation that a pass rests on, there is no pass. */
function needsEach(check: string, seen: readonly Seen[], more: Record<string, unknown> = {}): void {
  assert.equal(gpu(check, [...seen], {}, more).verdict, 'pass', gpu(check, [...seen], {}, more).reason);
  for (const [index, [kind]] of seen.entries())
    assert.notEqual(gpu(check, seen.toSpliced(index, 1), {}, more).verdict, 'pass', `${kind} ${index}`);
}

const says = (judgement: Judgement, verdict: string, pattern: RegExp): void => {
  assert.equal(judgement.verdict, verdict, judgement.reason);
  const open = judgement.rules?.filter((rule) => rule.verdict === verdict).map(({ text }) => text) ?? [];
  assert.match([judgement.reason, ...open].join('\n'), pattern);
};

describe('gpu/allocatable', () => {
  const plugin = (more: Record<string, unknown> = {}): Seen => [
    'gpu-plugin',
    { ready: 1, wanted: 1, nodes: ['gpu-1'], ...more },
  ];

  it('should refuse a node that offers nothing, and devices outside of the pool', () => {
    const none = gpu('allocatable', [node({ allocatable: 0 }), plugin({ ready: 0, wanted: 0, nodes: [] })]);
    assert.equal(none.verdict, 'fail');
    assert.match(none.reason, /^3 of 3: node gpu-1, .*: expected 2 nvidia\S+ allocatable, seen 0$/);
    assert.equal(gpu('allocatable', [node({ allocatable: null }), plugin()]).verdict, 'fail');
    assert.equal(gpu('allocatable', [node({ ready: false }), plugin()]).verdict, 'fail');
    const stray = gpu('allocatable', [node(), node({ name: 'worker-1', pool: false }), plugin()]);
    assert.match(stray.reason, /worker-1, which is not in the pool/);
  });

  it('should refuse a plugin that runs on as many nodes, but not on those of the pool', () => {
    const elsewhere = gpu('allocatable', [node(), plugin({ nodes: ['worker-1'] })]);
    says(elsewhere, 'fail', /device-plugin on gpu-1: expected a ready pod, seen none/);
  });
});

describe('gpu/schedule', () => {
  const seen = (more: Record<string, unknown> = {}): Seen[] => [
    node(),
    asked(),
    holds('gpu-lands', more),
    asked('canary/gpu-lands'),
  ];

  it('should accept a pod on the pool that knows its device', () => {
    const judgement = gpu('schedule', seen());
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.deepEqual(judgement.gpu?.devices, [
      { node: 'gpu-1', device: 'dev-of-gpu-lands', pod: 'gpu-lands', utilisation: null },
    ]);
    needsEach('schedule', seen());
  });

  it('should refuse a pod elsewhere, without a device, or that fits nowhere', () => {
    says(gpu('schedule', seen({ node: 'worker-1' })), 'fail', /on worker-1/);
    says(gpu('schedule', seen({ devices: [] })), 'fail', /seen none/);
    says(gpu('schedule', seen(REFUSED)), 'fail', /refused: .*Insufficient/);
  });

  it('false verdict 19: should be open where nothing in the container says which device it has', () => {
    const detail = 'NVIDIA_VISIBLE_DEVICES is "void", and the container has no device node or mount';
    const unknown = gpu('schedule', seen({ devices: null, reportedBy: null, detail }));
    says(unknown, 'inconclusive', /device of pod gpu-lands.*is "void"/);
  });

  it('should look at every declared workload with devices, and at as many pods as it has', () => {
    const workloads = [
      { kind: 'Deployment', namespace: 'tender', name: 'ai', replicas: { min: 2, max: 2 }, gpu: 1 },
    ];
    const placed = (...pods: [string, string | null][]): Seen => [
      'gpu-placed',
      { workload: 'Deployment tender/ai', pods: pods.map(([pod, at]) => ({ pod, node: at })) },
    ];
    const of = (...found: Seen[]): Judgement => gpu('schedule', [...seen(), ...found], {}, { workloads });
    const both = placed(['tender/a', 'gpu-1'], ['tender/b', 'gpu-1']);
    assert.equal(of(both).verdict, 'pass', of(both).reason);
    says(of(placed(['tender/a', 'worker-1'], ['tender/b', 'gpu-1'])), 'fail', /tender\/a: .*on worker-1/);
    assert.equal(of().verdict, 'inconclusive');
    says(of(placed(['tender/a', 'gpu-1'])), 'inconclusive', /expected 2 pods, seen 1/);
    says(of(placed(['tender/a', 'gpu-1'], ['tender/b', null])), 'inconclusive', /not placed yet/);
    const reading = { workloads, writes: false };
    assert.equal(gpu('schedule', [node(), asked(), both], {}, reading).verdict, 'pass');
    says(gpu('schedule', [node(), asked()], {}, { writes: false }), 'inconclusive', /gpu-placed/);
  });

  it('should refuse a device that does not answer', () => {
    const device = 'GPU 0: NVIDIA H100';
    const answer = (code: number, output = code === 0 ? device : 'no driver'): Seen => [
      'gpu-answer',
      { command: 'nvidia-smi -L', code, output },
    ];
    const of = (...more: Seen[]): Judgement =>
      gpu('schedule', [...seen(), ...more], { workload: ['nvidia-smi', '-L'] });
    assert.equal(of(answer(0)).verdict, 'pass');
    assert.match(of(answer(9)).reason, /exit 9: no driver/);
    assert.equal(of(answer(9, device)).verdict, 'fail');
    assert.equal(of().verdict, 'inconclusive');
  });

  it('should be open where others hold all devices, or nothing was started', () => {
    assert.equal(
      gpu('schedule', [node(), asked('x/y', 'x/z'), busy, holds('a', REFUSED)]).verdict,
      'inconclusive',
    );
    assert.equal(gpu('schedule', [node(), asked()]).verdict, 'inconclusive');
  });
});

describe('gpu/taint', () => {
  const asks = (more: Record<string, unknown> = {}): Seen =>
    refused({ pod: 'gpu-stranger-asks', role: 'stranger that asks', bound: null, ...more });
  const tenants = (of: Record<string, boolean> = { 'kube-system/proxy': true }, taints = [TAINT]): Seen => [
    'gpu-tenants',
    { node: 'gpu-1', taints, tenants: Object.entries(of).map(([pod, tolerates]) => ({ pod, tolerates })) },
  ];
  const base = [node(), asked(), tenants()];
  const saying = (message: string): Judgement => gpu('taint', [...base, refused({ message }), asks()]);

  it('should refuse one that lands, one that is refused for something else, and one that was there before', () => {
    says(
      gpu('taint', [...base, refused({ node: 'gpu-1', tolerated: false }), asks()]),
      'fail',
      /landed on gpu-1/,
    );
    says(saying('1 Insufficient cpu'), 'fail', /Insufficient cpu/);
    says(saying('1 node(s) were unschedulable.'), 'inconclusive', /is cordoned/);
    const intruder = tenants({ 'kube-system/proxy': true, 'tender/x': false });
    says(gpu('taint', [node(), asked(), intruder, refused(), asks()]), 'fail', /tender\/x/);
    const bare = tenants({ 'kube-system/proxy': true }, []);
    says(
      gpu('taint', [node(), asked(), bare, refused(), asks()]),
      'fail',
      /without nvidia\.com\/gpu:NoSchedule/,
    );
    const taints = [TAINT, { key: 'team', value: 'ai', effect: 'NoExecute' }];
    const pools = [{ name: 'gpu', count: { min: 1, max: 1 }, labels: { pool: 'gpu' }, taints }];
    const half = gpu('taint', [...base, refused(), asks()], {}, { pools });
    says(half, 'fail', /without team=ai:NoExecute/);
  });

  it('should let a pod that asks for a device be given the toleration, and be open about silence', () => {
    const given = gpu('taint', [
      ...base,
      refused(),
      asks({ node: 'gpu-1', tolerated: true, state: 'ready' }),
    ]);
    assert.equal(given.verdict, 'pass', given.reason);
    assert.match(given.seen, /got the toleration at admission/);
    assert.equal(saying('').verdict, 'inconclusive');
    says(gpu('taint', [...base, refused({ bound: null }), asks()]), 'inconclusive', /one bound to each of/);
    says(gpu('taint', [node(), asked(), tenants({}), refused(), asks()]), 'inconclusive', /seen no pod$/);
  });

  it('should hold what is there against it where nothing may be started', () => {
    assert.equal(gpu('taint', base, {}, { writes: false }).verdict, 'pass');
  });
});

describe('gpu/exclusive', () => {
  const held = (a: Record<string, unknown> = {}, b: Record<string, unknown> = {}): Seen[] => [
    node(),
    asked(),
    holds('a', a),
    holds('b', b),
    asked('canary/a', 'canary/b'),
  ];

  it('should accept devices that differ', () => {
    const judgement = gpu('exclusive', held());
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.equal(judgement.figures.find(({ name }) => name === 'devices held at once')?.value, 2);
    needsEach('exclusive', held());
  });

  it('false verdict 19: should know devices by their nodes, and be open where they cannot be compared', () => {
    const by = (reportedBy: string, ...devices: string[]) => ({ devices, reportedBy });
    const nodes = gpu('exclusive', held(by('device nodes', 'nvidia0'), by('device nodes', 'nvidia1')));
    assert.equal(nodes.verdict, 'pass', nodes.reason);
    const twice = gpu('exclusive', held(by('device nodes', 'nvidia0'), by('device nodes', 'nvidia0')));
    says(twice, 'fail', /device nvidia0 of gpu-1/);
    const mixed = gpu('exclusive', held(by('device nodes', 'nvidia0'), by('variable', 'GPU-1')));
    says(mixed, 'inconclusive', /device names from different sources: device nodes and variable/);
    const unknown = { devices: null, reportedBy: null, detail: 'NVIDIA_VISIBLE_DEVICES is "void"' };
    says(gpu('exclusive', held(unknown, unknown)), 'inconclusive', /is "void"/);
  });

  it('should refuse a container that was given more than it asked for, and requests beyond what there is', () => {
    assert.equal(gpu('exclusive', held({ devices: ['x', 'y'] })).verdict, 'fail');
    const three = [node(), asked('x/1', 'x/2', 'x/3'), ...held().slice(2)];
    assert.equal(gpu('exclusive', three).verdict, 'fail');
  });

  it('should be open where too few are free, and read Prometheus where nothing may be started', () => {
    assert.equal(gpu('exclusive', [node(), asked('x/1', 'x/2'), busy]).verdict, 'inconclusive');
    const series = (...pods: (string | null)[]): Seen => [
      'gpu-series',
      {
        samples: pods.map((pod) => ({ device: 'x', node: 'gpu-1', pod, value: 1, atSeconds: 999 })),
        nowSeconds: 1000,
      },
    ];
    const reading = (...seen: Seen[]): Judgement =>
      gpu('exclusive', [node(), ...seen], {}, { writes: false });
    assert.equal(reading(asked('x/a'), series('a')).verdict, 'pass');
    assert.equal(reading(asked('x/a'), series('a', 'b')).verdict, 'fail');
    assert.equal(reading(asked('x/a'), series(null)).verdict, 'inconclusive');
    says(reading(asked('x/a', 'x/b'), series('a')), 'inconclusive', /pod x\/b: .*in no sample/);
    for (const nobody of [[], [series()], [series('')]])
      assert.match(reading(asked(), ...nobody).reason, /no holder of any device/);
  });
});

describe('gpu/exhausted', () => {
  const extra = (more: Record<string, unknown> = {}): Seen =>
    refused({
      pod: 'gpu-one-too-many',
      role: 'one too many',
      bound: null,
      message: '0/7 nodes are available: 1 Insufficient nvidia.com/gpu, 6 node(s) had untolerated taint(s).',
      ...more,
    });
  const both = asked('canary/a', 'canary/b');
  const taken = [node(), asked(), holds('a'), holds('b'), both];

  it('should accept a pod that is refused for want of the resource', () => {
    const judgement = gpu('exhausted', [...taken, extra(), both]);
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.equal(judgement.figures.find(({ name }) => name === 'read from')?.value, "the scheduler's event");
    needsEach('exhausted', [...taken, extra(), both]);
    const others = asked('x/a', 'x/b');
    assert.equal(gpu('exhausted', [node(), others, extra(), others]).verdict, 'pass');
  });

  it('should be open where pods of its own are missing, or told of the same device', () => {
    const end = [extra(), both];
    const without = [node(), asked(), both, ...end, both];
    says(gpu('exhausted', without), 'inconclusive', /devices taken: expected all 2 that were free, seen 0/);
    const same = [node(), asked(), holds('a'), holds('b', { devices: ['dev-of-a'] }), both, ...end];
    says(gpu('exhausted', same), 'inconclusive', /dev-of-a of gpu-1: expected at most 1, seen 2/);
    const none = [node(), asked(), holds('a'), holds('b', { devices: [] }), both, ...end];
    says(gpu('exhausted', none), 'inconclusive', /pod b: expected given 1 devices, seen none/);
  });

  it('should refuse a wrong reason, and a pod for which there is no device', () => {
    assert.equal(
      gpu('exhausted', [...taken, extra({ message: '7 Insufficient cpu' }), both]).verdict,
      'fail',
    );
    const three = asked('canary/a', 'canary/b', 'canary/gpu-one-too-many');
    const landed = [node({ allocatable: 3 }), ...taken.slice(1), extra({ node: 'gpu-1' }), three];
    assert.match(gpu('exhausted', landed).reason, /it landed on gpu-1, where pods now ask for 3 of 2/);
    assert.equal(gpu('exhausted', [node({ allocatable: 0 }), extra()]).verdict, 'fail');
  });

  it('should be open where somebody gave a device back meanwhile', () => {
    const freed = gpu('exhausted', [...taken, extra({ node: 'gpu-1' }), both]);
    assert.equal(freed.verdict, 'inconclusive');
    says(
      gpu('exhausted', [...taken, extra(), asked('canary/a')]),
      'inconclusive',
      /expected all 2 taken, seen 1/,
    );
  });
});

describe('gpu/release', () => {
  const back = (what: string, afterMs: number, more: Record<string, unknown> = {}): Seen => [
    'gpu-back',
    { what, node: 'gpu-1', ready: true, sinceMs: 1001 - afterMs, seenMs: 1001, detail: 'Running', ...more },
  ];
  const waits: Seen = [
    'gpu-waits',
    { pod: 'gpu-is-next', state: 'refused', node: null, detail: 'Insufficient' },
  ];
  const taken = [node(), asked(), holds('a'), holds('b'), asked('canary/a', 'canary/b')];

  it('should accept devices that are in use again in time', () => {
    const seen = [...taken, waits, back('deletion', 210), back('restart', 900)];
    const judgement = gpu('release', seen, {}, { embedded: 'local' });
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.equal(judgement.figures.find(({ name }) => name === 'back after deletion')?.value, 0.21);
    needsEach('release', seen, { embedded: 'local' });
    assert.equal(gpu('release', seen.slice(0, -1)).verdict, 'pass');
  });

  it('should refuse those that come late or never', () => {
    const late = (more: Record<string, unknown>): Judgement =>
      gpu('release', [...taken, waits, back('deletion', 1, more)]);
    says(late({ t: 62_600, sinceMs: 1001, seenMs: 62_501 }), 'fail', /in use again after 61\.5 s/);
    says(late({ ready: false, detail: 'Pending' }), 'fail', /not within 0\.0 s \(Pending\)/);
    says(late({ node: 'worker-1' }), 'inconclusive', /worker-1, which is not in the pool/);
  });

  it('should be open where nothing was released', () => {
    assert.equal(gpu('release', [node(), asked('x/1', 'x/2'), busy]).verdict, 'inconclusive');
    const free: Seen = [
      'gpu-waits',
      { pod: 'gpu-is-next', state: 'ready', node: 'gpu-1', detail: 'Running' },
    ];
    says(gpu('release', [...taken, free]), 'inconclusive', /ready on gpu-1/);
  });
});

describe('gpu/metrics', () => {
  const sample = (device: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
    device,
    node: 'gpu-1',
    pod: '',
    value: 0.5,
    atSeconds: 997,
    ...more,
  });
  const series = (samples: unknown[]): Seen => ['gpu-series', { samples, nowSeconds: 1000 }];
  const named = sample('b', { pod: 'gpu-is-seen' });
  const held = (...more: Seen[]): Seen[] => [
    node(),
    asked(),
    holds('gpu-is-seen'),
    ...more,
    asked('canary/gpu-is-seen'),
  ];

  it('should accept a fresh sample of every device', () => {
    const seen = held(series([sample('a'), named]));
    const judgement = gpu('metrics', seen);
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.deepEqual(judgement.gpu?.devices[1], {
      node: 'gpu-1',
      device: 'b',
      pod: 'gpu-is-seen',
      utilisation: 0.5,
    });
    needsEach('metrics', seen);
  });

  it('should refuse devices that are not measured, old samples, and values that cannot be', () => {
    says(gpu('metrics', held(series([named]))), 'fail', /devices of node gpu-1.*seen 1/);
    const old = gpu('metrics', held(series([named, sample('a', { atSeconds: 989 })])));
    assert.match(old.reason, /seen 1, and 1 older/);
    const ahead = gpu('metrics', held(series([named, sample('a', { atSeconds: 4600 })])));
    assert.notEqual(ahead.verdict, 'pass');
    for (const value of [7, -1, null])
      assert.equal(gpu('metrics', held(series([named, sample('a', { value })]))).verdict, 'fail');
  });

  it('should refuse a series that does not name the pod that holds a device, where it is declared to', () => {
    const both = held(series([sample('a'), sample('b')]));
    assert.match(gpu('metrics', both).reason, /in no fresh sample/);
    const unnamed = { ...GPU.metrics, labels: { device: 'UUID', node: 'Hostname' } };
    assert.equal(gpu('metrics', both, { metrics: unnamed }).verdict, 'pass');
  });

  it('should refuse a series that names the pod at another device than the pod was given, where both use the same names', () => {
    const given = (...devices: string[]): Seen[] => [
      node(),
      asked(),
      holds('gpu-is-seen', { devices }),
      series([sample('a'), named]),
      asked('canary/gpu-is-seen'),
    ];
    says(gpu('metrics', given('a')), 'fail', /devices of gpu-is-seen.*expected a.*seen b/);
    assert.equal(gpu('metrics', given('b')).verdict, 'pass');
    assert.equal(gpu('metrics', given('GPU-1f')).verdict, 'pass', 'another way to name devices says nothing');
  });

  it('should look for the pods that hold devices anyway where none may be started', () => {
    const reading = (...seen: Seen[]): Judgement => gpu('metrics', [node(), ...seen], {}, { writes: false });
    const idle = series([sample('a'), sample('b')]);
    says(reading(asked(), idle, asked()), 'inconclusive', /no pod holds a device/);
    says(reading(asked('x/ai'), idle, asked('x/ai')), 'fail', /expected ai, seen in no fresh sample/);
    const known = series([sample('a'), sample('b', { pod: 'ai' })]);
    assert.equal(reading(asked('x/ai'), known, asked('x/ai')).verdict, 'pass');
    assert.equal(reading(asked('x/ai', 'x/gone'), known, asked('x/ai')).verdict, 'pass');
  });

  it('should be open where Prometheus does not answer', () => {
    const gap: Seen = ['unavailable', { what: 'Prometheus', reason: 'ECONNREFUSED' }];
    assert.equal(gpu('metrics', [node(), gap]).verdict, 'inconclusive');
  });

  it('should expect as many series as there are devices behind slices of time', () => {
    const sliced = { devicesPerNode: 8, sharedBy: 4, kind: 'shared' };
    const of = (samples: unknown[]): Judgement =>
      gpu('metrics', [node({ allocatable: 8 }), ...held(series(samples)).slice(1)], sliced);
    assert.equal(of([sample('a'), named]).verdict, 'pass', of([sample('a'), named]).reason);
    assert.equal(of([named]).verdict, 'fail');
  });
});
