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

/** The machine was busy with the work of others for this share of its time. */
const busy =
  (mean: number): Tale['bend'] =>
  (history) => ({
    ...history,
    pressure: { cpu: null, memory: null, io: null, others: { mean, most: mean }, spanMs: 30_000 },
  });

const role = (of: (role: string) => string): Tale['bend'] =>
  changed('member', ({ store, role: was }) => (store === 'postgres' ? { role: of(was) } : {}));

/** One request of all was not answered in time. */
const oneLost = changed('reach-pair', ({ asked }, index) =>
  index === 7 ? { lost: 1, asked, detail: 'no answer' } : {},
);

const cordoned = (...names: string[]): Tale['bend'] =>
  changed('node', ({ name }) => (names.includes(name) ? { unschedulable: true } : {}));

/** Leases of the nodes or controllers that are named so, or all: renewed so long ago, and otherwise as given. */
const lease =
  (
    of: string,
    agoMs: number,
    more: (renewedAt: number) => Partial<Seen<'lease'>> = () => ({}),
  ): Tale['bend'] =>
  (history) =>
    changed('lease', (seen) => {
      const renewedAt = wallOf(history, seen.t) - agoMs;
      return seen.of.startsWith(of) ? { renewedAt, ...more(renewedAt) } : {};
    })(history);

const unreadLease = (why: 'forbidden' | 'missing', of = ''): Tale['bend'] =>
  changed('lease', (seen) =>
    seen.of.startsWith(of) ? { holder: '', seconds: 0, renewedAt: null, why } : {},
  );

/** A store that is declared otherwise. */
const declared = (name: string, otherwise: Partial<HeaderStore>): Tale['bend'] =>
  headed(({ settings }) => {
    const store = settings.stores?.[name];
    if (store === undefined) throw new TaleError(`${name} is not declared`);
    return { settings: { ...settings, stores: { ...settings.stores, [name]: { ...store, ...otherwise } } } };
  });

const mounted = (path: string) =>
  ({
    kind: 'data-mount',
    t: 0,
    workload: 'StatefulSet tender/postgres',
    container: 'postgres',
    path,
    source: 'emptyDir',
    claim: null,
    perReplica: false,
  }) as const;

const walUnseen = seen({
  kind: 'data-folder-unsaid',
  t: 0,
  store: 'postgres',
  member: 'postgres-1',
  reason: 'where its WAL is was not seen: forbidden',
});

const PERSISTENT = 'topology/storage/persistent';
const SPREAD = 'topology/workloads/spread';
const DECLARED = 'topology/workloads/declared';
const ROLES = 'topology/workloads/roles';
const POOLS = 'topology/nodes/pools';
const IMAGES = 'topology/workloads/images';
const PROBES = 'topology/workloads/probes';
const VERSIONS = 'topology/cluster/versions';
const REACH = 'topology/network/reachability';
const WRITTEN = 'topology/{nodes/pools,workloads/declared}';

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

/** A declared name outside of the cluster, and what each node got for it. */
const outside = (of: (from: string) => Partial<Seen<'reach-outside'>>): Tale['bend'] =>
  all(
    headed(({ settings }) => {
      if (settings.network === undefined) throw new TaleError('no network is declared');
      return { settings: { ...settings, network: { ...settings.network, outsideNames: ['llm.example'] } } };
    }),
    (history) =>
      seen(
        ...['control-1', 'control-2', 'control-3', 'gpu-1', 'worker-1', 'worker-2', 'worker-3'].map(
          (from) =>
            ({
              kind: 'reach-outside',
              t: 0,
              from,
              name: 'llm.example',
              ok: true,
              asked: 10,
              lost: 0,
              detail: '',
              ...of(from),
            }) as const,
        ),
      )(history),
  );

/** What is sent behind the certificate of this subject, valid for so many days from the handshake. */
const sent =
  (of: string, days: number): Tale['bend'] =>
  (history) =>
    changed('certificate', ({ subject, t }) => {
      const validTo = new Date(wallOf(history, t) + days * DAY_MS).toISOString();
      return subject.startsWith(of) ? { chain: [{ issuedTo: 'an authority', validTo }] } : {};
    })(history);

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
    number: 72,
    check: REACH,
    says: 'one request of all has no answer in time, on a machine that others use to 95 %',
    must: 'inconclusive',
    rule: 'pairs',
    bend: all(oneLost, busy(0.95)),
  },
  {
    check: REACH,
    says: 'one request of all has no answer in time, on a machine with nothing else to do',
    must: 'fail',
    rule: 'pairs',
    bend: all(oneLost, busy(0)),
  },
  {
    check: REACH,
    says: 'one node is never reached, on a machine that others use to 95 %',
    must: 'fail',
    rule: 'pairs',
    bend: all(
      changed('reach-pair', ({ to, asked }) =>
        to === 'worker-2' ? { ok: false, lost: asked, detail: 'no answer' } : {},
      ),
      busy(0.95),
    ),
  },
  {
    check: REACH,
    says: 'the DNS misses one answer, on a machine that others use to 95 %',
    must: 'inconclusive',
    bend: all(
      changed('reach-dns', (_, index) => (index === 0 ? { lost: 1, detail: 'no answer' } : {})),
      busy(0.95),
    ),
  },
  {
    number: 40,
    check: REACH,
    says: 'pods were asked for a page of 10 bytes, and packets above 1,400 bytes are dropped',
    must: ['fail', 'inconclusive'],
    rule: 'pages',
    bend: changed('reach-pair', () => ({ bytes: 10 })),
  },
  {
    check: REACH,
    says: 'the Service was asked for a page that fits into one packet',
    must: ['fail', 'inconclusive'],
    rule: 'pages',
    bend: changed('reach-service', () => ({ bytes: 1380 })),
  },
  {
    check: REACH,
    says: 'large pages from one node do not arrive',
    must: 'fail',
    rule: 'pairs',
    bend: changed('reach-pair', ({ to }) =>
      to === 'worker-1' ? { ok: false, asked: 0, lost: 0, detail: 'no answer' } : {},
    ),
  },
  {
    check: REACH,
    says: 'pages are larger than was asked for',
    must: 'pass',
    bend: changed('reach-pair', () => ({ bytes: 65_536 })),
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
  ...(
    [
      ['the WAL', '/var/lib/postgresql/wal'],
      ['a tablespace', '/srv/fast'],
    ] as const
  ).map(([what, path]): Tale => ({
    number: 36,
    check: PERSISTENT,
    says: `${what} lies outside of the data folder, on an emptyDir`,
    must: 'fail',
    rule: 'volumes',
    bend: seen(mounted(path)),
  })),
  {
    check: PERSISTENT,
    says: 'a tablespace that a server names lies on a file system of the container',
    must: 'fail',
    rule: 'volumes',
    bend: seen({ kind: 'data-folder', t: 0, store: 'postgres', member: 'postgres-1', path: '/srv/fast' }),
  },
  {
    check: PERSISTENT,
    says: 'the WAL that a server names lies on an emptyDir, and its data folder on a claim',
    must: 'fail',
    rule: 'volumes',
    bend: all(
      seen({ kind: 'data-folder', t: 0, store: 'postgres', member: 'postgres-1', path: '/wal/pg_wal' }),
      seen(mounted('/wal')),
    ),
  },
  {
    check: PERSISTENT,
    says: 'the WAL has a claim of its own outside of the data folder',
    must: 'pass',
    bend: all(
      seen({ kind: 'data-folder', t: 0, store: 'postgres', member: 'postgres-1', path: '/wal/pg_wal' }),
      seen({ ...mounted('/wal'), source: 'persistentVolumeClaim', claim: 'data', perReplica: true }),
    ),
  },
  {
    check: PERSISTENT,
    says: 'no command may be run in a pod, so that nobody saw where its WAL is',
    must: ['pass', 'inconclusive'],
    bend: walUnseen,
  },
  {
    check: PERSISTENT,
    says: 'nobody saw where a WAL is, and its container can write to an emptyDir beside its claim',
    must: ['pass', 'inconclusive'],
    bend: all(walUnseen, seen(mounted('/dev/shm'))),
  },
  {
    check: PERSISTENT,
    says: 'nobody saw where a WAL is, and an emptyDir lies where it usually is',
    must: 'fail',
    rule: 'volumes',
    bend: all(walUnseen, seen(mounted('/var/lib/postgresql/data/pgdata/pg_wal'))),
  },
  {
    number: 73,
    check: POOLS,
    says: 'a node is cordoned for its weekly reboot',
    must: 'inconclusive',
    rule: 'nodes',
    bend: cordoned('worker-2'),
  },
  {
    check: POOLS,
    says: 'a cordoned node restarts',
    must: 'inconclusive',
    rule: 'nodes',
    bend: all(
      cordoned('worker-2'),
      changed('node', ({ unschedulable }) => (unschedulable ? { ready: false } : {})),
    ),
  },
  {
    check: POOLS,
    says: 'two of three nodes of a pool are cordoned',
    must: 'fail',
    rule: 'nodes',
    bend: cordoned('worker-1', 'worker-2'),
  },
  {
    check: POOLS,
    says: 'a node is lost, and nobody cordoned it',
    must: 'fail',
    rule: 'nodes',
    bend: changed('node', ({ name }) => (name === 'worker-3' ? { ready: false } : {})),
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
  {
    check: VERSIONS,
    says: 'the authority that the edge sends with its certificate ends in five days',
    must: 'fail',
    rule: 'certificates',
    bend: sent('edge', 5),
  },
  {
    check: VERSIONS,
    says: 'what kubelets send behind their certificates ended yesterday, and nobody verified the chain',
    must: 'fail',
    rule: 'certificates',
    bend: sent('kubelet', -1),
  },
  {
    check: VERSIONS,
    says: 'the intermediate authority of the API servers ends before the next release',
    must: 'fail',
    rule: 'certificates',
    bend: sent('API server', 20),
  },
  {
    check: VERSIONS,
    says: 'the edge sends an authority of many years behind its certificate',
    must: 'pass',
    bend: sent('edge', 4000),
  },
  {
    check: VERSIONS,
    says: 'the edge still sends an old root that clients go around',
    must: 'pass',
    bend: sent('edge', -400),
  },
  {
    check: VERSIONS,
    says: 'nothing is sent behind any certificate',
    must: 'pass',
    bend: changed('certificate', () => ({ chain: [] })),
  },
  {
    check: REACH,
    says: 'one node answers single requests, and drops three of ten at once',
    must: 'fail',
    rule: 'bursts',
    bend: changed('reach-burst', ({ to }) => (to === 'worker-1' ? { lost: 3, detail: 'no answer' } : {})),
  },
  {
    check: REACH,
    says: 'no node answers when it is asked for ten pages at once',
    must: 'fail',
    rule: 'bursts',
    bend: changed('reach-burst', ({ asked }) => ({ lost: asked, detail: 'no answer' })),
  },
  {
    check: REACH,
    says: 'a burst from one node was not sent',
    must: 'inconclusive',
    rule: 'bursts',
    bend: changed('reach-burst', ({ from }) => (from === 'gpu-1' ? null : {})),
  },
  {
    check: REACH,
    says: 'one of all requests at once has no answer in time, on a machine that others use to 95 %',
    must: 'inconclusive',
    rule: 'bursts',
    bend: all(
      changed('reach-burst', (_, index) => (index === 3 ? { lost: 1, detail: 'no answer' } : {})),
      busy(0.95),
    ),
  },
  {
    check: REACH,
    says: 'the name of the model, outside of the cluster, resolves nowhere',
    must: 'fail',
    rule: 'outside',
    bend: outside(() => ({ ok: false, asked: 0, detail: "can't find llm.example: NXDOMAIN" })),
  },
  {
    check: REACH,
    says: 'the name of the model resolves on all nodes but one',
    must: 'fail',
    rule: 'outside',
    bend: outside((from) => (from === 'worker-2' ? { ok: false, asked: 0, detail: 'no answer' } : {})),
  },
  {
    check: REACH,
    says: 'every other look-up of the name of the model is lost',
    must: 'fail',
    rule: 'outside',
    bend: outside(() => ({ asked: 4, lost: 2, detail: 'no answer' })),
  },
  {
    check: REACH,
    says: 'the name of the model resolves everywhere',
    must: 'pass',
    bend: outside(() => ({})),
  },
  {
    number: 39,
    check: WRITTEN,
    says: 'scheduler and controller manager have been dead for an hour',
    must: 'fail',
    rule: 'alive',
    bend: lease('kube-', HOUR_MS),
  },
  {
    number: 39,
    check: POOLS,
    says: 'the kubelet of a Ready node is dead, and nobody is there to say so',
    must: 'fail',
    rule: 'alive',
    bend: lease('node worker-2', HOUR_MS / 6),
  },
  {
    check: WRITTEN,
    says: 'a scheduler let go of its Lease, and none has taken it',
    must: 'fail',
    rule: 'alive',
    bend: lease('kube-scheduler', 0, () => ({ holder: '', seconds: 1 })),
  },
  {
    check: WRITTEN,
    says: 'a controller manager, by a clock that is ahead, renewed its Lease before the first look and not once in the minute after it',
    must: 'fail',
    rule: 'alive',
    bend: lease('kube-controller-manager', -HOUR_MS, (renewedAt) => ({ before: renewedAt })),
  },
  {
    check: POOLS,
    says: 'a Ready node has no Lease',
    must: 'inconclusive',
    rule: 'alive',
    bend: unreadLease('missing', 'node worker-1'),
  },
  {
    check: WRITTEN,
    says: 'a busy API server makes Leases 3 s late',
    must: 'pass',
    bend: changed('lease', ({ renewedAt, seconds }) => ({
      renewedAt: (renewedAt ?? 0) - seconds * 1000 - 3000,
    })),
  },
  {
    check: WRITTEN,
    says: 'clocks of nodes are five minutes behind',
    must: 'pass',
    bend: lease('', 5 * 60_000, (renewedAt) => ({ before: renewedAt - 10_000 })),
  },
  {
    check: WRITTEN,
    says: 'clocks of nodes are two seconds ahead',
    must: 'pass',
    bend: lease('', -2000),
  },
  {
    check: WRITTEN,
    says: 'a provider keeps the Leases of its control plane elsewhere',
    must: 'pass',
    bend: unreadLease('missing', 'kube-'),
  },
  {
    check: WRITTEN,
    says: 'the account may read no Lease',
    must: 'pass',
    bend: unreadLease('forbidden'),
  },
];
