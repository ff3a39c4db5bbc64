import { wallOf } from '../../reports/judge/telemetry/clocks.ts';
import type { HeaderStore } from '../../reports/judge/topology/declared.ts';
import { all, changed, headed, seen, TaleError } from './tale.ts';
import type { Tale } from './tale.ts';
import type { Seen } from '../../reports/record/observations/index.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const spread = (of: { members: number; healthy: number; store?: string }): Tale['bend'] =>
  changed('budget', ({ workload }) =>
    workload.startsWith(of.store ?? 'StatefulSet')
      ? { expectedPods: of.members, desiredHealthy: of.healthy }
      : {},
  );

/** All containers with so many restarts in a pod of this age, the last so long before the look. */
const restarted =
  (of: { restarts: number; ageMs: number; lastMs: number; why: string }): Tale['bend'] =>
  (history) =>
    changed('pod', ({ t, containers }) => {
      const ago = (ms: number): string => new Date(wallOf(history, t) - ms).toISOString();
      const life = { restarts: of.restarts, endedAt: ago(of.lastMs), why: of.why };
      return { createdAt: ago(of.ageMs), containers: containers.map((one) => ({ ...one, ...life })) };
    })(history);

const role = (of: (role: string) => string): Tale['bend'] =>
  changed('member', ({ store, role: was }) => (store === 'postgres' ? { role: of(was) } : {}));

/** A store that is declared otherwise. */
const declared = (name: string, otherwise: Partial<HeaderStore>): Tale['bend'] =>
  headed(({ settings }) => {
    const store = settings.stores?.[name];
    if (store === undefined) throw new TaleError(`${name} is not declared`);
    return { settings: { ...settings, stores: { ...settings.stores, [name]: { ...store, ...otherwise } } } };
  });
const SPREAD = 'topology/workloads/spread';
const DECLARED = 'topology/workloads/declared';
const ROLES = 'topology/workloads/roles';
const IMAGES = 'topology/workloads/images';
const PROBES = 'topology/workloads/probes';

/** An image of the platform's registry, pinned. */
const pinned = (repository: string): string =>
  `registry.plumbline.test:5000/${repository}:1@sha256:${'5'.repeat(64)}`;

/** The image of a container of this name, in every workload that has one. */
const runs = (container: string, image: string): Tale['bend'] =>
  changed('container-image', (one) => (one.container === container ? { image } : {}));

/** A container of a pod of the gateway that its template does not have, or has with another image. */
const beside = (container: string, image: string): Tale['bend'] =>
  seen({
    kind: 'pod-image',
    t: 0,
    workload: 'Deployment edge/gateway',
    container,
    pod: 'edge/gateway-67d6b8bc84-k867g',
    image,
  });

/** What is behind a Service. */
const behind = (
  name: string,
  otherwise: (of: Seen<'service-endpoints'>) => Partial<Seen<'service-endpoints'>>,
): Tale['bend'] => changed('service-endpoints', (one) => (one.service === name ? otherwise(one) : {}));

/** The pods, the first of them otherwise. */
const firstIs = (
  pods: Seen<'service-endpoints'>['pods'],
  otherwise: Partial<Seen<'service-endpoints'>['pods'][number]>,
): Seen<'service-endpoints'>['pods'] =>
  pods.map((pod, index) => (index === 0 ? { ...pod, ...otherwise } : pod));

export const TALES: readonly Tale[] = [
  {
    number: 35,
    check: SPREAD,
    says: 'a disruption budget lets 2 of 3 members of a store go',
    must: 'fail',
    rule: 'budgets',
    bend: spread({ members: 3, healthy: 1 }),
  },
  {
    check: SPREAD,
    says: 'a disruption budget lets half of 4 members of a store go',
    must: 'fail',
    rule: 'budgets',
    bend: spread({ members: 4, healthy: 2 }),
  },
  {
    check: SPREAD,
    says: 'a disruption budget lets 2 of 6 members of a Redis Cluster go, a master and its only replica among them',
    must: 'fail',
    rule: 'budgets',
    bend: all(
      declared('redis', { cluster: { replicas: 1 } }),
      spread({ members: 6, healthy: 4, store: 'StatefulSet tender/redis' }),
    ),
  },
  {
    check: SPREAD,
    says: 'of 5 members of a store a budget lets 2 go',
    must: ['pass', 'inconclusive'],
    bend: changed('budget', ({ workload }) =>
      workload.endsWith('rabbitmq') ? { expectedPods: 5, desiredHealthy: 3 } : {},
    ),
  },
  {
    check: SPREAD,
    says: 'of 10 pods of a Deployment at its peak a budget lets 9 go',
    must: ['pass', 'inconclusive'],
    bend: changed('budget', ({ workload }) =>
      workload.endsWith('tender-api') ? { expectedPods: 10, desiredHealthy: 1 } : {},
    ),
  },
  {
    number: 38,
    check: DECLARED,
    says: 'members are killed for memory every half hour for 30 days',
    must: 'fail',
    rule: 'pods',
    bend: restarted({ restarts: 1440, ageMs: 30 * DAY_MS, lastMs: HOUR_MS / 2, why: 'OOMKilled' }),
  },
  {
    check: DECLARED,
    says: 'containers end every four hours for 30 days',
    must: 'fail',
    rule: 'pods',
    bend: restarted({ restarts: 180, ageMs: 30 * DAY_MS, lastMs: 3.5 * HOUR_MS, why: 'Error' }),
  },
  {
    check: DECLARED,
    says: 'containers end every two hours for two days',
    must: 'fail',
    rule: 'pods',
    bend: restarted({ restarts: 24, ageMs: 2 * DAY_MS, lastMs: 1.5 * HOUR_MS, why: 'Error' }),
  },
  {
    check: DECLARED,
    says: 'services restarted five times while the cluster came up, ten days ago',
    must: 'pass',
    bend: restarted({ restarts: 5, ageMs: 10 * DAY_MS, lastMs: 10 * DAY_MS - HOUR_MS / 6, why: 'Error' }),
  },
  {
    check: DECLARED,
    says: 'services lost their lease four times in 30 days',
    must: 'pass',
    bend: restarted({ restarts: 4, ageMs: 30 * DAY_MS, lastMs: 2 * DAY_MS, why: 'Error' }),
  },
  {
    number: 37,
    check: ROLES,
    says: 'no follower is synchronous where 0 lost writes are promised',
    must: 'fail',
    rule: 'postgres',
    bend: role((was) => (was === 'sync_standby' ? 'replica' : was)),
  },
  {
    check: ROLES,
    says: 'the only synchronous follower does not stream',
    must: 'fail',
    rule: 'postgres',
    bend: changed('member', ({ role: was }) => (was === 'sync_standby' ? { state: 'starting' } : {})),
  },
  {
    check: ROLES,
    says: 'followers are candidates of a quorum',
    must: 'pass',
    bend: role((was) => (was === 'leader' ? was : 'quorum_standby')),
  },
  {
    check: ROLES,
    says: 'no follower is synchronous where a second of writes may be lost',
    must: 'pass',
    bend: all(
      role((was) => (was === 'sync_standby' ? 'replica' : was)),
      declared('postgres', { goals: {} }),
    ),
  },
  {
    number: 58,
    check: IMAGES,
    says: 'the backend runs another program of the right registry, pinned',
    must: 'fail',
    rule: 'repository',
    bend: runs('tender-api', pinned('grafana-stub')),
  },
  {
    check: IMAGES,
    says: 'the proxy before every Elasticsearch is another program',
    must: 'fail',
    rule: 'repository',
    bend: runs('gate', pinned('gateway')),
  },
  {
    check: IMAGES,
    says: 'a pod of the gateway runs another program than its template says',
    must: 'fail',
    rule: 'repository',
    bend: beside('gateway', pinned('llm-stub')),
  },
  {
    check: IMAGES,
    says: 'the declared proxy is gone, and a container of another name has taken its place',
    must: 'fail',
    rule: 'repository',
    bend: all(
      changed('template', ({ containers }) => ({
        containers: containers.map((name) => (name === 'gate' ? 'door' : name)),
      })),
      changed('container-image', ({ container }) => (container === 'gate' ? { container: 'door' } : {})),
    ),
  },
  {
    check: IMAGES,
    says: 'the backend has another version',
    must: 'pass',
    bend: runs('tender-api', pinned('tender-api')),
  },
  {
    check: IMAGES,
    says: 'a webhook puts a proxy of the registry beside the gateway',
    must: 'pass',
    bend: beside('istio-proxy', pinned('istio/proxyv2')),
  },
  {
    check: IMAGES,
    says: 'the backend comes from a second registry that is declared',
    must: 'pass',
    bend: all(
      headed(({ settings }) => ({
        settings: {
          ...settings,
          registry: { prefixes: ['registry.plumbline.test:5000/', 'mirror.test/'], pinned: 'digest' },
        },
      })),
      runs('tender-api', pinned('tender-api').replace('registry.plumbline.test:5000', 'mirror.test')),
    ),
  },
  {
    check: IMAGES,
    says: 'nobody has declared which programs run',
    must: 'pass',
    bend: headed(({ settings }) => ({
      settings: {
        ...settings,
        workloads: (settings.workloads ?? []).map(({ image: _, ...one }) => one),
      },
    })),
  },
  {
    check: PROBES,
    says: 'the Service of the backend leads to one of its two ready pods',
    must: 'fail',
    rule: 'endpoints',
    bend: behind('tender/tender-api', ({ addresses }) => ({ addresses: addresses.slice(1) })),
  },
  {
    check: PROBES,
    says: 'the Service of the gateway leads to nobody, and its pods are ready',
    must: 'fail',
    rule: 'endpoints',
    bend: behind('edge/gateway', () => ({ addresses: [] })),
  },
  {
    check: PROBES,
    says: 'the Service of the backend leads to a pod that is long gone',
    must: 'fail',
    rule: 'endpoints',
    bend: behind('tender/tender-api', ({ addresses }) => ({ addresses: [...addresses, '10.244.9.9'] })),
  },
  {
    check: PROBES,
    says: 'the Service of the backend leads to a pod that is not ready',
    must: 'fail',
    rule: 'endpoints',
    bend: behind('tender/tender-api', ({ pods }) => ({ pods: firstIs(pods, { ready: false }) })),
  },
  {
    check: PROBES,
    says: 'nobody saw to which pods the Service of the backend leads',
    must: 'inconclusive',
    rule: 'endpoints',
    bend: changed('service-endpoints', ({ service }) => (service === 'tender/tender-api' ? null : {})),
  },
  {
    check: PROBES,
    says: 'a pod of the backend starts, and its Service does not lead there yet',
    must: 'pass',
    bend: behind('tender/tender-api', ({ pods, addresses }) => ({
      pods: [...pods, { pod: 'tender/tender-api-new', ips: ['10.244.9.9'], ready: false }],
      addresses,
    })),
  },
  {
    check: PROBES,
    says: 'a Service for discovery leads to a member that starts',
    must: 'pass',
    bend: behind('tender/elasticsearch-members', ({ pods }) => ({ pods: firstIs(pods, { ready: false }) })),
  },
  {
    check: PROBES,
    says: 'pods have an address of each family, and a Service leads to one of them',
    must: 'pass',
    bend: behind('tender/tender-api', ({ pods }) => ({
      pods: pods.map((pod, index) => ({ ...pod, ips: [...pod.ips, `fd00::${index + 1}`] })),
    })),
  },
];
