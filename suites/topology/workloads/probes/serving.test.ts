/** Which containers of a pod must have probes: through the observer and the judge. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { judge } from '../../../_testing/histories.ts';
import type { Seen } from '../../../_testing/histories.ts';
import { judgedOver } from '../../_testing/observing.ts';

const CHECK = 'topology/workloads/probes';
const labels = { app: 'pg' };
const probes = { livenessProbe: { tcpSocket: { port: 5432 } }, readinessProbe: { exec: {} } };
const server = { name: 'server', image: 'pg:1', ports: [{ name: 'pg', containerPort: 5432 }], ...probes };
const heartbeat = { name: 'heartbeat', image: 'busybox:1' };
const NOTE = /; not judged: without a port: heartbeat of StatefulSet databases\/pg/;

interface Deployed {
  /** Pods and EndpointSlices; those of later looks behind those of the first. */
  behind?: readonly Readonly<Record<'apiVersion' | 'kind', string>>[];
  containers: readonly object[];
  initContainers?: readonly object[];
  /** Ports of a Service. */
  ports?: readonly object[];
  namespace?: string;
  selector?: object;
  exempt?: readonly object[];
}

function over({
  ports = [{ port: 5432 }],
  namespace = 'databases',
  selector = labels,
  exempt = [],
  behind = [],
  ...spec
}: Deployed): Promise<Judgement> {
  const pg = { kind: 'StatefulSet', namespace: 'databases', name: 'pg' };
  const objects = [
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { namespace: 'databases', name: 'pg' },
      spec: { replicas: 1, template: { metadata: { labels }, spec } },
    },
    { apiVersion: 'v1', kind: 'Service', metadata: { namespace, name: 'pg' }, spec: { selector, ports } },
    ...behind,
  ];
  return judgedOver(CHECK, {
    settings: { workloads: [{ ...pg, replicas: { min: 1, max: 1 }, serves: true, exempt }], stores: {} },
    objects,
  });
}

const failing = async (of: Deployed, reason: RegExp): Promise<void> => {
  const judged = await over(of);
  assert.equal(judged.verdict, 'fail', judged.seen);
  assert.match(judged.reason, reason);
  assert.doesNotMatch(judged.seen, /not judged/);
};

describe('a pod with several containers', () => {
  it('should need no probes of one that declares no port, and name it', async () => {
    for (const ports of [
      [{ port: 5432 }],
      [{ port: 80, targetPort: 'pg' }],
      [{ port: 80, targetPort: 5432 }],
    ]) {
      const { verdict, reason, seen } = await over({ containers: [server, heartbeat], ports });
      assert.equal(verdict, 'pass', reason);
      assert.match(seen, /^3 of 3 as declared; not judged/);
      assert.match(seen, NOTE);
    }
  });

  it('should need them of the one that declares a port', async () => {
    const { livenessProbe: _taken, ...deaf } = server;
    const { verdict, reason, seen } = await over({ containers: [deaf, heartbeat] });
    assert.equal(verdict, 'fail');
    assert.match(
      reason,
      /^liveness of StatefulSet databases\/pg container server: .* seen none \(an exception with a reason: topology\.workloads\[\]\.exempt\)$/,
    );
    assert.match(seen, NOTE);
    const sidecar = { ...heartbeat, restartPolicy: 'Always', ports: [{ containerPort: 9187 }] };
    await failing({ containers: [server], initContainers: [sidecar] }, /container heartbeat/);
  });

  it('should need them of each where a Service leads to a port that none declares', async () => {
    await failing({ containers: [server, heartbeat], ports: [{ port: 9000 }] }, /container heartbeat/);
    await failing(
      { containers: [server, heartbeat], ports: [{ port: 80, targetPort: 9000 }] },
      /container heartbeat/,
    );
    const datagrams = { ...server, ports: [{ containerPort: 5432, protocol: 'UDP' }] };
    await failing({ containers: [datagrams, heartbeat] }, /container heartbeat/);
  });

  it('should not take Services of others for its own', async () => {
    for (const other of [{ namespace: 'caches' }, { selector: { app: 'other' } }, { selector: {} }]) {
      const containers = [server, heartbeat];
      const { verdict, reason } = await over({ containers, ports: [{ port: 9000 }], ...other });
      assert.equal(verdict, 'pass', reason);
    }
  });

  it('should take a Service for its own that also selects by labels which pods get later', async () => {
    const { ports: _ports, ...bare } = server;
    const { livenessProbe: _liveness, readinessProbe: _readiness, ...deaf } = bare;
    const exporter = { ...probes, name: 'exporter', image: 'exporter:1', ports: [{ containerPort: 9187 }] };
    const byPod = 'statefulset.kubernetes.io/pod-name';
    for (const selector of [
      { ...labels, role: 'master' },
      { ...labels, 'rollouts-pod-template-hash': '6f64d5c9b4' },
      { ...labels, [byPod]: 'pg-0' },
      { [byPod]: 'pg-0' },
    ])
      await failing({ containers: [deaf, exporter], selector }, /container server/);
    for (const selector of [{ role: 'master' }, { app: 'other', role: 'master' }, { [byPod]: 'other-0' }]) {
      const { verdict, reason } = await over({ containers: [deaf, exporter], selector });
      assert.equal(verdict, 'pass', reason);
    }
  });

  it('should need them of each where none declares a port', async () => {
    const { ports: _ports, ...bare } = server;
    await failing({ containers: [bare, heartbeat], ports: [] }, /container heartbeat/);
  });

  it('should not need them of the others where the one that serves is exempt', async () => {
    const exempt = [{ checks: [CHECK], containers: ['server'], reason: 'why' }];
    const proxy = { ...server, name: 'proxy', ports: [{ containerPort: 5433 }] };
    const { verdict, reason, seen } = await over({ containers: [server, proxy, heartbeat], exempt });
    assert.equal(verdict, 'pass', reason);
    assert.match(seen, NOTE);
    const alone = await over({ containers: [server, heartbeat], exempt, namespace: 'caches' });
    assert.equal(alone.verdict, 'inconclusive', 'there is nothing to judge');
    assert.match(alone.seen, NOTE);
    const ports = [{ port: 9000 }];
    await failing({ containers: [server, heartbeat], exempt, ports }, /container heartbeat/);
  });
});

it('should need probes of a container that is alone, whether it declares a port or not', async () => {
  await failing({ containers: [heartbeat], ports: [] }, /container heartbeat/);
});

describe('a Service', () => {
  const pod = (name: string, ip: string, ready = true, more: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'databases', name, labels, ...more },
    spec: { containers: [] },
    status: {
      phase: 'Running',
      podIP: ip,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  });
  const slice = (...addresses: string[]) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace: 'databases',
      name: `pg-${addresses.length}`,
      labels: { 'kubernetes.io/service-name': 'pg' },
    },
    endpoints: addresses.map((address) => ({
      addresses: [address],
      conditions: { ready: !address.startsWith('-') },
    })),
  });
  const judged = async (...behind: NonNullable<Deployed['behind']>) => {
    const { verdict, reason } = await over({ containers: [server], behind });
    return `${verdict}: ${reason}`;
  };

  it('should lead to each of its pods that is ready, and nowhere else', async () => {
    const two = [pod('pg-0', '10.0.0.1'), pod('pg-1', '10.0.0.2')];
    assert.match(await judged(...two, slice('10.0.0.1', '10.0.0.2')), /^pass/);
    assert.match(await judged(...two, slice('10.0.0.1'), slice('10.0.0.2')), /^pass/, 'in two slices');
    assert.match(await judged(...two, slice('10.0.0.1')), /seen not to Pod databases\/pg-1, which is ready$/);
    assert.match(await judged(...two), /^fail: Service databases\/pg: /, 'to none');
    assert.match(
      await judged(...two, slice('10.0.0.1', '10.0.0.2', '10.0.0.9')),
      /^fail: .* seen to 10\.0\.0\.9, where no ready pod is$/,
    );
    const unready = [pod('pg-0', '10.0.0.1'), pod('pg-1', '10.0.0.2', false)];
    assert.match(await judged(...unready, slice('10.0.0.1', '10.0.0.2')), /^fail: .* seen to 10\.0\.0\.2/);
    assert.match(await judged(...unready, slice('10.0.0.1')), /^pass/);
    const going = pod('pg-1', '10.0.0.2', true, { deletionTimestamp: '2026-01-01T00:00:00Z' });
    assert.match(await judged(pod('pg-0', '10.0.0.1'), going, slice('10.0.0.1')), /^pass/, 'it is deleted');
  });
});

describe('a record of ports', () => {
  const workload = 'StatefulSet databases/pg';
  const template: Seen = ['template', { workload, containers: ['server', 'heartbeat'], initContainers: [] }];
  const line = (container: string, probe: string | null, ports: number): Seen => [
    'container-probes',
    {
      workload,
      container,
      liveness: probe,
      readiness: probe,
      ports,
    },
  ];
  const judged = (...seen: Seen[]): Judgement =>
    judge({
      check: CHECK,
      settings: {
        workloads: [
          {
            kind: 'StatefulSet',
            namespace: 'databases',
            name: 'pg',
            replicas: { min: 1, max: 1 },
            serves: true,
          },
        ],
      },
      seen: [template, ...seen],
    });
  const whole = [line('server', 'exec', 1), line('heartbeat', null, 0)];
  const ports: Seen = ['service-ports', { workload, services: 0, undeclared: [] }];

  it('should be there once', () => {
    assert.equal(judged(...whole, ports).verdict, 'pass');
    for (const damaged of [[], [ports, ports]])
      assert.equal(judged(...whole, ...damaged).verdict, 'inconclusive', JSON.stringify(damaged));
  });

  it('should leave the verdict open where the Services could not be listed', () => {
    const refused: Seen = ['unavailable', { what: 'v1/Service', reason: 'forbidden' }];
    const { verdict, reason } = judged(...whole, refused);
    assert.equal(verdict, 'inconclusive');
    assert.match(reason, /v1\/Service unavailable: forbidden/);
  });
});
