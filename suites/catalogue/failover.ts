import type { Goals } from '../../reports/record/goals.ts';
import type { FaultName, StoreName } from '../../env/schema/stores.ts';
import { ai, together, wholeTopology } from './reads.ts';
import { aiBehindEdge, backend } from './requirements.ts';
import { row, rows, turns, turnsOnFull } from './row.ts';
import { storeTrial } from './time.ts';
import type { CatalogueRow, Hurts, Time } from './types.ts';

const FAULT_TITLES: Record<FaultName, string> = {
  'pod-crash': 'every process of the leader killed at once',
  'pod-delete': "the leader's pod deleted without grace",
  hang: 'the leader frozen',
  'node-loss': "the leader's node lost",
  partition: 'the leader cut off from its peers',
  switchover: 'a planned change of leader',
};

/** Seconds until writes must succeed again; null: one member cannot fail over, so the row is never run. */
type Seconds = Record<FaultName, number | null>;

interface StoreGoals {
  label: string;
  seconds: Seconds;
  goals: Goals;
  /** In place of `goals` under this fault. */
  goalsUnder?: Partial<Record<FaultName, Goals>>;
  lostText: string;
  control: string;
}

const STORE_GOALS: Record<StoreName, StoreGoals> = {
  postgres: {
    label: 'PostgreSQL',
    seconds: { 'pod-crash': 30, 'pod-delete': 15, hang: 35, 'node-loss': 45, partition: 45, switchover: 10 },
    goals: { lostWrites: 0 },
    lostText: '0 acknowledged writes lost',
    control: 'asynchronous commit, the replica cut off, then a crash; the count is right',
  },
  redis: {
    label: 'Redis',
    seconds: { 'pod-crash': 15, 'pod-delete': 15, hang: 20, 'node-loss': 20, partition: 20, switchover: 5 },
    goals: { lossWindowSeconds: 1 },
    // A master that is cut off takes writes until it misses its replicas, and clients find it until another one is elected.
    goalsUnder: { partition: { lossWindowBeyondFailover: 'min-replicas-max-lag' } },
    lostText: 'lost writes lie within 1 s; in a partition within failover time + min-replicas-max-lag',
    control: 'no min-replicas, the master partitioned; the count is right',
  },
  rabbitmq: {
    label: 'RabbitMQ',
    seconds: { 'pod-crash': 15, 'pod-delete': 10, hang: 30, 'node-loss': 30, partition: 30, switchover: 10 },
    goals: { lostWrites: 0 },
    lostText: '0 confirmed messages lost',
    control: 'a transient classic queue',
  },
  elasticsearch: {
    label: 'Elasticsearch',
    seconds: { 'pod-crash': 15, 'pod-delete': 15, hang: 45, 'node-loss': 45, partition: 45, switchover: 10 },
    goals: { lostWrites: 0 },
    lostText: '0 acknowledged documents lost',
    control: '0 replicas and a deleted volume',
  },
  neo4j: {
    label: 'Neo4j',
    seconds: {
      'pod-crash': 60,
      'pod-delete': 60,
      hang: 90,
      'node-loss': null,
      partition: null,
      switchover: null,
    },
    goals: { lostWrites: 0 },
    lostText: '0 committed transactions lost',
    control: 'data on an emptyDir',
  },
};

/** Controls that hold for every store; they change what the harness itself sees or the store's content. */
const EVERY_STORE = [
  turns('a fault that lands nowhere', 'inconclusive'),
  turns('a store that never comes back'),
  turns("one acknowledged write removed behind the harness's back: lost 1, and which"),
  turns('one write written twice: duplicated 1'),
];

/** What really runs: a store's driver and the fault both. Everything else is `not-run (not built)`. */
const BUILT: Record<StoreName, readonly FaultName[]> = {
  postgres: ['pod-crash', 'pod-delete', 'hang', 'node-loss', 'partition', 'switchover'],
  redis: ['pod-crash', 'pod-delete', 'hang', 'node-loss', 'partition', 'switchover'],
  rabbitmq: ['pod-crash', 'pod-delete', 'hang', 'node-loss', 'partition', 'switchover'],
  elasticsearch: ['pod-crash', 'pod-delete', 'hang', 'node-loss', 'partition', 'switchover'],
  neo4j: ['pod-crash', 'pod-delete', 'hang'],
};

function storeRow(store: StoreName, fault: FaultName): CatalogueRow {
  const { label, seconds, goals: usual, goalsUnder, lostText, control } = STORE_GOALS[store];
  const goals = goalsUnder?.[fault] ?? usual;
  const rtoSeconds = seconds[fault];
  const id = `failover/${store}/${fault}`;
  return row({
    id,
    title: `${label}: ${FAULT_TITLES[fault]}`,
    section: '5.2',
    access: rtoSeconds === null ? '- - - - -' : 'F - F F p',
    goal:
      rtoSeconds === null
        ? 'one member cannot fail over; its restart is measured by the other faults'
        : `writes succeed again within ${String(rtoSeconds)} s; ${lostText}`,
    goals: rtoSeconds === null ? {} : { rtoSeconds, ...goals, minTrials: 1 },
    control: rtoSeconds === null ? [] : [turns(control), ...EVERY_STORE],
    built: BUILT[store].includes(fault),
    hurts: { store, fault, ofStore: true },
    time: storeTrial,
  });
}

const storeNames = Object.keys(STORE_GOALS) as StoreName[];
const faultNames = Object.keys(FAULT_TITLES) as FaultName[];

const backendTime: Time = {
  waits: [
    'steadyState',
    'podReady',
    'faultLanding',
    'workloadStop',
    'nodeReady',
    'membersRejoined',
    'settle',
    'settle',
    'settle',
  ],
  usualMs: 60_000,
};

const BACKEND = {
  prefix: 'failover/backend',
  section: '5.1',
  access: 'F - F F p',
  stubbed: ['Kong'],
  built: true,
  requires: backend,
  time: backendTime,
} satisfies Partial<Parameters<typeof rows>[1]>;
const BACKEND_GOALS = { failedRatio: 0.001, windowSeconds: 120 };
/** While another pod is there the gateway repeats what the one that is gone did not answer. */
const SINGLE_POD = [turns('a single pod')];

const BACKEND_AT_ONCE = {
  ...BACKEND,
  goal: 'at most 0.1 % of the requests through the edge fail in the 2 minutes after the fault',
  goals: BACKEND_GOALS,
};

const QUERY = {
  prefix: 'failover/query',
  section: '5.2',
  access: 'F - F F p',
  goal: 'after the failover of Elasticsearch and Neo4j the same neighbours and the same paths are found',
  control: [turns('an index lost')],
  built: true,
  time: storeTrial,
} satisfies Partial<Parameters<typeof rows>[1]>;

const aiTime: Time = {
  waits: [
    'steadyState',
    'steadyState',
    'podReady',
    'faultLanding',
    'workloadStop',
    'nodeReady',
    'membersRejoined',
    'membersRejoined',
    'jobsDone',
    'readBack',
    'readBack',
    'settle',
    'settle',
  ],
  usualMs: 70_000,
};

const AI = {
  section: '5.1',
  access: 'F - F F p',
  goal: 'no accepted job lost; each done once in effect, and by the model',
  goals: { lostJobs: 0, doubledJobs: 0, degradedJobs: 0, windowSeconds: 60 },
  control: [turns('a job acknowledged before the work')],
  stubbed: ['Kong', 'LLM'],
  built: true,
  parts: ['ai'],
  requires: aiBehindEdge,
  reads: together(wholeTopology, ai),
  time: aiTime,
} satisfies Partial<Parameters<typeof row>[0]>;

function aiRow(
  name: string,
  of: { title: string; what: string; hurts: Hurts } & Partial<CatalogueRow>,
): CatalogueRow {
  const { title, what, ...own } = of;
  return {
    ...row({
      ...AI,
      id: `failover/ai/${name}`,
      title: `AI service: ${title}`,
      does: `tenders through the edge, each a job for the AI service, while ${what}; every accepted one is followed to its end, and what it left in Elasticsearch and Neo4j is counted`,
    }),
    ...own,
  };
}

const controlPlaneTime: Time = {
  waits: [
    'steadyState',
    'faultLanding',
    'rtoDeadline',
    'rtoDeadline',
    'workloadStop',
    'membersRejoined',
    'membersRejoined',
    'settle',
    'settle',
    'settle',
    'settle',
  ],
  usualMs: 150_000,
};

/** Jobs that a pod has under way at once: once it thaws it may give the model up for all of them. */
const UNDER_WAY = 8;

const others: CatalogueRow[] = [
  ...rows(
    { 'pod-crash': 'Backend: a pod crashes' },
    { ...BACKEND_AT_ONCE, control: SINGLE_POD, hurts: { fault: 'pod-crash' } },
  ),
  ...rows(
    { 'rolling-restart': 'Backend: a rolling restart' },
    { ...BACKEND_AT_ONCE, control: [turns('no readiness probe')], hurts: {}, writesTemplate: true },
  ),
  ...rows(
    { 'node-loss': 'Backend: its node is lost' },
    {
      ...BACKEND,
      control: SINGLE_POD,
      goal: 'requests through the edge fail no longer than until the loss of the node is detected; then at most 0.1 % in the rest of the 2 minutes',
      // Node lease of 40 s (Kubernetes' node-monitor-grace-period is 50 s by default), then every node's proxy learns of it.
      goals: { ...BACKEND_GOALS, detectionSeconds: 60 },
      hurts: { fault: 'node-loss' },
    },
  ),
  aiRow('pod-crash', {
    title: 'a pod crashes',
    what: 'every process of one of its pods is killed',
    hurts: { fault: 'pod-crash' },
  }),
  aiRow('pod-delete', {
    title: 'a pod is deleted without grace',
    what: 'one of its pods is deleted without grace',
    hurts: { fault: 'pod-delete' },
  }),
  aiRow('hang', {
    title: 'a pod is frozen',
    what: 'one of its pods is frozen, and let go on later',
    hurts: { fault: 'hang' },
    goal: `${AI.goal} but for ${UNDER_WAY}, which the frozen pod may have had under way`,
    goals: { ...AI.goals, degradedJobs: UNDER_WAY },
  }),
  aiRow('node-loss', {
    title: 'its node is lost',
    what: 'the node of one of its pods is lost',
    hurts: { fault: 'node-loss' },
  }),
  aiRow('rolling-restart', {
    title: 'a rolling restart',
    what: 'all of its pods are replaced',
    hurts: {},
    writesTemplate: true,
  }),
  ...rows(
    {
      'leader-crash': 'Control plane: the leader crashes',
      'etcd-crash': 'Control plane: an etcd member crashes',
    },
    {
      prefix: 'failover/control-plane',
      section: '5.1',
      access: 'F - - F -',
      goal: 'the API is writable again within 15 s, workloads undisturbed',
      goals: { rtoSeconds: 15 },
      control: [turnsOnFull('one control plane only')],
      needsSize: 'full',
      built: true,
      requires: {
        what: 'apiAddress, and an embedded cluster (the fault acts on its nodes; elsewhere it is not built)',
        declares: ({ apiAddress, cluster }) => apiAddress !== undefined && 'embedded' in cluster,
      },
      hurts: {},
      time: controlPlaneTime,
    },
  ),
  ...rows(
    { vector: 'The same nearest neighbours after a failover' },
    { ...QUERY, hurts: { store: 'elasticsearch', fault: 'pod-crash' } },
  ),
  ...rows(
    { graph: 'The same paths after a failover' },
    { ...QUERY, hurts: { store: 'neo4j', fault: 'pod-crash' } },
  ),
  row({
    id: 'failover/dev/restart',
    title: 'Compose: every store comes back with its data',
    section: '3.1',
    access: '- F - - -',
    goal: 'each Compose store back within 60 s, data kept',
    goals: { rtoSeconds: 60, lostWrites: 0 },
    control: [turns('no volume')],
  }),
];

export const failover: readonly CatalogueRow[] = [
  ...storeNames.flatMap((store) => faultNames.map((fault) => storeRow(store, fault))),
  ...others,
];
