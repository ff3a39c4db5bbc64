/** What only real devices do: containers that are told of a device and have none, shares, MIG, pools that are scaled. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Judgement } from '../../reports/record/judgement.ts';
import type { Seen } from '../_testing/histories.ts';
import type { CheckContext } from '../harness/context.ts';
import { asked, GPU, gpu, holds, node, REFUSED, refused, RESOURCE, TAINT } from './_testing/histories.ts';
import { contextOf, OneNode } from './_testing/one-node.ts';
import { observe as seeOffers } from './allocatable/observe.ts';
import { takePool } from './_pool/all-taken.ts';
import { observe as landOnPool } from './schedule/observe.ts';
import { observe as keepAway } from './taint/observe.ts';

const REAL = { simulated: false };
/** A pool that an autoscaler may leave without a node. */
const SCALED = {
  pools: [{ name: 'gpu', count: { min: 0, max: 4 }, labels: { pool: 'gpu' }, taints: [TAINT] }],
};

const says = ({ verdict, reason, rules = [] }: Judgement, wanted: string, pattern: RegExp): void => {
  assert.equal(verdict, wanted, reason);
  assert.match([reason, ...rules.map(({ text }) => text)].join('\n'), pattern);
};

function realContext(cluster: OneNode, declared: Record<string, unknown> = {}): CheckContext {
  const { gpu: usual } = contextOf(cluster).settings;
  return contextOf(cluster, { gpu: { ...usual, ...REAL, ...declared } });
}

describe('a container that is told of a device', () => {
  const lands = (more: Record<string, unknown> = {}): Seen[] => [
    node(),
    asked(),
    holds('gpu-lands', more),
    asked('canary/gpu-lands'),
  ];
  const both = (more: Record<string, unknown> = {}): Seen[] => [
    node(),
    asked(),
    holds('a', more),
    holds('b', more),
    asked('canary/a', 'canary/b'),
  ];

  it('should not pass for one that has it, unless the device is there or answers', () => {
    const told = gpu('schedule', lands(), REAL);
    says(told, 'inconclusive', /device in pod gpu-lands: .*only variable names one; declare gpu\.workload/);
    says(gpu('exclusive', both(), REAL), 'inconclusive', /device in pod a: .*only variable names one/);
    const workload = ['nvidia-smi', '-L'];
    const declared = { ...REAL, workload };
    const answer: Seen = ['gpu-answer', { command: 'nvidia-smi -L', code: 0, output: 'GPU 0: NVIDIA H100' }];
    assert.equal(gpu('schedule', [...lands(), answer], declared).verdict, 'pass');
    const failed = gpu('exclusive', both({ present: false }), declared);
    assert.equal(failed.verdict, 'inconclusive');
    assert.doesNotMatch(failed.reason, /declare gpu\.workload/, 'it is declared');
    for (const [check, seen] of [
      ['schedule', lands({ present: true })],
      ['exclusive', both({ present: true })],
    ] as const)
      assert.equal(gpu(check, seen, REAL).verdict, 'pass', check);
  });

  it('should not be what a device is given back to', () => {
    const waits: Seen = ['gpu-waits', { pod: 'gpu-is-next', state: 'refused', node: null, detail: 'i' }];
    const back: Seen = [
      'gpu-back',
      { what: 'deletion', node: 'gpu-1', ready: true, sinceMs: 800, seenMs: 1001, detail: 'Running' },
    ];
    const of = (present: boolean): Judgement => gpu('release', [...both({ present }), waits, back], REAL);
    assert.equal(of(true).verdict, 'pass', of(true).reason);
    says(of(false), 'inconclusive', /device in pod a/);
  });

  it('should be asked by the declared command where nothing else shows the device', async () => {
    const present = async (code: number | null): Promise<unknown> => {
      const cluster = new OneNode();
      const ctx = realContext(cluster, code === null ? {} : { workload: ['answer'] });
      const plain = ctx.cluster.exec.bind(ctx.cluster);
      ctx.cluster.exec = (of) =>
        of.command[0] === 'answer'
          ? Promise.resolve({ code: code ?? 0, stdout: 'True 1', stderr: '' })
          : plain(of);
      await landOnPool(ctx);
      return cluster.recorded('gpu-pod')[0]?.['present'];
    };
    assert.deepEqual([await present(0), await present(1), await present(null)], [true, false, false]);
  });

  it('should be given the limits, the RuntimeClass and the time that a driver needs, and no other canary', async () => {
    const specs = async (declared: Record<string, unknown>) => {
      const cluster = new OneNode();
      const seen = new Map<string, { spec: string; execMs: number }>();
      const ctx = realContext(cluster, declared);
      const own = { ...ctx.cluster };
      ctx.timeoutMs = (name) => (name === 'gpuAnswer' ? 7000 : name === 'stillPending' ? 0 : 500);
      ctx.cluster.apply = (pods) => {
        for (const { metadata, spec } of pods)
          seen.set(metadata.name, { spec: JSON.stringify(spec), execMs: 0 });
        return own.apply(pods);
      };
      ctx.cluster.exec = (of) => {
        const { timeoutMs, command } = of;
        const { spec = '' } = seen.get(of.pod) ?? {};
        seen.set(of.pod, { spec, execMs: timeoutMs });
        assert.match(command.at(-1) ?? '', /timeout 7 nvidia-smi -L/);
        return own.exec(of);
      };
      await landOnPool(ctx);
      await keepAway(ctx);
      return seen;
    };
    const real = await specs({ runtimeClass: 'nvidia' });
    const lands = real.get('gpu-lands');
    assert.match(lands?.spec ?? '', /"limits":\{"cpu":"1","memory":"512Mi","nvidia.com\/gpu":"1"\}/);
    assert.match(lands?.spec ?? '', /"runtimeClassName":"nvidia"/);
    assert.equal(lands?.execMs, 7500);
    const stranger = real.get('gpu-stranger-0')?.spec ?? '';
    assert.match(stranger, /"memory":"32Mi"/);
    assert.doesNotMatch(stranger, /runtimeClassName/);
    const simulated = (await specs({ simulated: true })).get('gpu-lands')?.spec ?? '';
    assert.match(simulated, /"memory":"32Mi"/);
    assert.doesNotMatch(simulated, /runtimeClassName/);
  });
});

describe('a pool that is scaled to zero', () => {
  it('should prove nothing, and be no failure', () => {
    const extra = refused({
      pod: 'gpu-one-too-many',
      role: 'one too many',
      bound: null,
      message: `0/7 nodes are available: 7 Insufficient ${RESOURCE}.`,
    });
    says(gpu('exhausted', [extra], {}, SCALED), 'inconclusive', /nodes of pool gpu: .*scaled to zero/);
    const plugin: Seen = ['gpu-plugin', { ready: 0, wanted: 0, nodes: [] }];
    says(gpu('allocatable', [plugin], {}, SCALED), 'inconclusive', /scaled to zero/);
    const pods: readonly [string, string][] = [
      ['schedule', 'gpu-lands'],
      ['exclusive', 'gpu-holds-0'],
    ];
    for (const [check, pod] of pods) {
      says(gpu(check, [holds(pod, REFUSED)], {}, SCALED), 'inconclusive', /scaled to zero/);
      assert.equal(gpu(check, [holds(pod, REFUSED)]).verdict, 'fail', 'a node must be there');
      const offering = [node(), asked(), holds(pod, REFUSED), asked()];
      assert.equal(gpu(check, offering, {}, SCALED).verdict, 'fail', 'a device was free');
      const offersNone = [node({ allocatable: 0 }), asked(), holds(pod, REFUSED), asked()];
      const there = gpu(check, offersNone, {}, SCALED);
      assert.equal(there.verdict, 'fail', 'its node offers none');
      assert.doesNotMatch(there.reason, /scaled to zero/);
    }
  });
});

describe('shares of devices', () => {
  const taken = async (kind: string, offered: number): Promise<OneNode> => {
    const cluster = new OneNode();
    cluster.offered = offered;
    const { gpu: usual } = contextOf(cluster).settings;
    await takePool(contextOf(cluster, { gpu: { ...usual, kind, devicesPerNode: offered } }));
    return cluster;
  };
  const askedBy = (cluster: OneNode): unknown[] =>
    cluster.recorded('gpu-pod').map(({ asked: count }) => count);

  it('should be asked for one by one, and by one pod for all of a node where that needs too many', async () => {
    assert.deepEqual(askedBy(await taken('whole', 12)), [12]);
    assert.deepEqual(
      askedBy(await taken('shared', 12)),
      Array.from({ length: 12 }, () => 1),
    );
    const many = await taken('shared', 40);
    assert.deepEqual([askedBy(many), many.recorded('gpu-refused').length], [[40], 1]);
  });

  it('should leave it open why a node did not start a pod that asked for several, and of no other device', () => {
    const failed = (
      count: number,
      kind: string,
      detail = 'UnexpectedAdmissionError: 1 at most',
    ): Judgement => {
      const pod = holds('a', { asked: count, state: 'failed', devices: null, reportedBy: null, detail });
      return gpu('exhausted', [node(), asked(), pod, asked()], { kind });
    };
    assert.equal(failed(1, 'shared').verdict, 'fail');
    says(failed(2, 'shared'), 'inconclusive', /a request for several may be refused/);
    for (const kind of ['whole', 'mig']) {
      assert.equal(failed(2, kind).verdict, 'fail', kind);
      const unaligned = 'TopologyAffinityError: Resources cannot be allocated with Topology locality';
      says(failed(2, kind, unaligned), 'inconclusive', /a request for several may be refused/);
    }
  });

  it('should leave it open where dcgm-exporter names one pod of a device that several share', () => {
    const sample = (pod: string, atSeconds = 999): Record<string, unknown> => ({
      device: 'x',
      node: 'gpu-1',
      pod,
      value: 0.5,
      atSeconds,
    });
    const of = (samples: unknown[], declared: Record<string, unknown>): Judgement =>
      gpu(
        'metrics',
        [
          node(),
          asked('x/ai'),
          holds('gpu-is-seen', { devices: ['x'] }),
          ['gpu-series', { samples, nowSeconds: 1000 }],
          asked('x/ai', 'canary/gpu-is-seen'),
        ],
        { metrics: { ...GPU.metrics, perNode: 1 }, ...declared },
      );
    const shared = { kind: 'shared', sharedBy: 2 };
    says(
      of([sample('ai')], shared),
      'inconclusive',
      /gpu-is-seen, seen in no sample: .*KUBERNETES_VIRTUAL_GPUS/,
    );
    assert.equal(of([sample('ai')], {}).verdict, 'fail');
    says(of([sample('ai'), sample('gpu-is-seen', 900)], shared), 'fail', /seen in no fresh sample/);
  });
});

describe('gpu/exclusive by what Prometheus says', () => {
  const held = (by: Seen, ...samples: Record<string, unknown>[]): Judgement => {
    const full = samples.map((one) => ({ device: 'x', node: 'gpu-1', value: 1, atSeconds: 999, ...one }));
    const series: Seen = ['gpu-series', { samples: full, nowSeconds: 1000 }];
    return gpu('exclusive', [node(), by, series], {}, { writes: false });
  };
  const reading = (...samples: Record<string, unknown>[]): Judgement => held(asked('x/a'), ...samples);

  it('should count pods and not series', () => {
    assert.equal(reading({ pod: 'a' }, { pod: 'a' }).verdict, 'pass');
    says(reading({ pod: 'a' }, { pod: 'b' }), 'fail', /held by one container, seen a, b/);
  });

  it('should tell pods of one name by their namespaces where the series has them', () => {
    const [own, other] = [
      { pod: 'a', namespace: 'x' },
      { pod: 'a', namespace: 'y' },
    ];
    assert.equal(reading(own, own).verdict, 'pass');
    says(reading(own, other), 'fail', /seen x\/a, y\/a/);
    says(reading(other), 'inconclusive', /pod x\/a: .*in no sample/);
  });

  it('should not count two pods of one name for one where the series have no namespaces', () => {
    const two = asked('x/a', 'y/a');
    says(held(two, { pod: 'a' }), 'inconclusive', /labels\.namespace\).*the name is that of x\/a and y\/a/);
    says(held(two, { pod: 'a', node: 'unknown' }), 'inconclusive', /that of x\/a and y\/a/);
    const apart = { pod: 'a', device: 'z', namespace: 'y' };
    assert.equal(held(two, { pod: 'a', namespace: 'x' }, apart).verdict, 'pass');
    const elsewhere: Seen = ['gpu-requested', { node: 'b', holders: [{ pod: 'y/a', asked: 1 }] }];
    const series = { samples: [{ device: 'x', node: 'gpu-1', pod: 'a', value: 1, atSeconds: 999 }] };
    const seen: Seen[] = [node(), asked('x/a'), elsewhere, ['gpu-series', { ...series, nowSeconds: 1000 }]];
    assert.equal(gpu('exclusive', seen, {}, { writes: false }).verdict, 'pass', 'on another node');
  });
});

describe('gpu/allocatable while a node joins', () => {
  it('should give a young node of a pool that may grow the time to offer its devices', async () => {
    const offers = async (ageMs: number, max: number): Promise<unknown> => {
      const cluster = new OneNode();
      cluster.offered = 0;
      const { pools = [] } = contextOf(cluster).settings;
      const ctx = contextOf(cluster, { pools: pools.map((pool) => ({ ...pool, count: { min: 1, max } })) });
      const creationTimestamp = new Date(Date.now() - ageMs).toISOString();
      let looks = 0;
      ctx.timeoutMs = () => 40;
      ctx.cluster.items = ((of: { kind: string }) => {
        if (of.kind === 'v1/Node' && (looks += 1) > 2) cluster.offered = 2;
        const seen = cluster.list(of.kind);
        return Promise.resolve(
          seen.map((one) => ({ ...one, metadata: { ...one.metadata, creationTimestamp } })),
        );
      }) as CheckContext['cluster']['items'];
      await seeOffers(ctx);
      return cluster.recorded('gpu-node')[0]?.['allocatable'];
    };
    const MINUTE_MS = 60_000;
    assert.equal(await offers(MINUTE_MS, 4), 2);
    assert.equal(await offers(60 * MINUTE_MS, 4), 0, 'one that had its time is judged as it is');
    assert.equal(await offers(MINUTE_MS, 1), 0, 'a pool of a fixed size is judged as it is');
  });
});
