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
      assert.match(seen, /^2 of 2 as declared; not judged/);
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
    const alone = await over({ containers: [server, heartbeat], exempt });
    assert.equal(alone.verdict, 'inconclusive', 'there is nothing to judge');
    assert.match(alone.seen, NOTE);
    const ports = [{ port: 9000 }];
    await failing({ containers: [server, heartbeat], exempt, ports }, /container heartbeat/);
  });
});

it('should need probes of a container that is alone, whether it declares a port or not', async () => {
  await failing({ containers: [heartbeat], ports: [] }, /container heartbeat/);
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
  const ports: Seen = ['service-ports', { workload, undeclared: [] }];

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
