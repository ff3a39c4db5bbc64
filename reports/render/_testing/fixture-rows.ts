/** Ids, titles, goals and sections of the checks in the fixtures. */
export const FIXTURE_ROWS: readonly (readonly [string, string, string, string])[] = [
  [
    'topology/cluster/versions',
    'Versions and certificates of the cluster',
    'kubelet ≤ 3 minors behind; served certificates valid ≥ 30 days',
    '5.1',
  ],
  [
    'topology/cluster/control-plane',
    'Control plane and etcd',
    '3 Ready control-plane nodes; 3 healthy etcd members with one leader',
    '5.1',
  ],
  [
    'topology/cluster/api-balanced',
    'API answers while one server is down',
    'answers ≥ 99 % while any one API server is down',
    '5.1',
  ],
  ['topology/nodes/pools', 'Node pools', 'declared pools have their counts, labels and taints', '5.1'],
  [
    'topology/network/reachability',
    'Pods reach each other and services',
    'every pair of nodes, Service and DNS',
    '5.1',
  ],
  [
    'topology/storage/persistent',
    'Persistent volumes behind data',
    'PVC Bound, declared class, bytes survive the pod',
    '5.1',
  ],
  [
    'topology/storage/durability',
    'Durability settings of the stores',
    'fsync and synchronous_commit as declared',
    '5.2',
  ],
  [
    'topology/workloads/declared',
    'Declared workloads and nothing else',
    'kinds, replicas, ready; nothing restarting',
    '5.2',
  ],
  [
    'topology/workloads/roles',
    'Roles of the members of a store',
    'one primary, two streaming replicas',
    '5.2',
  ],
  ['topology/workloads/probes', 'Liveness and readiness probes', 'on every container that serves', '5.3'],
  ['topology/workloads/resources', 'Requests and limits', 'CPU and memory on every container', '5.2'],
  [
    'topology/workloads/spread',
    'Replicas on different nodes',
    'spread, with a sound PodDisruptionBudget',
    '5.1',
  ],
  ['topology/workloads/images', 'Images from the declared registry', 'pinned and pullable', '5.3'],
  [
    'topology/edge/path',
    'The way of a request through the edge',
    'load balancer → Ingress → gateway → service',
    '5',
  ],
];

const SUBJECTS: Record<string, string> = {
  topology: 'network/policy edge/gateway mesh/istio consistency/drift',
  security: 'store-access admin-access pods rbac',
  failover:
    'postgres/hang postgres/node-loss postgres/partition postgres/switchover redis/pod-crash redis/hang rabbitmq/pod-crash elasticsearch/pod-crash neo4j/pod-crash backend/pod-crash backend/rolling-restart ai/pod-crash control-plane/leader-crash query/vector',
  recovery: 'backup/age backup/restore',
  scaling: 'backend/up backend/down ai/up nodes/autoscale pods/startup',
  gpu: 'allocatable schedule taint exclusive exhausted release metrics',
  telemetry:
    'logs/canary logs/every-workload traces/canary traces/complete correlation metrics/targets metrics/series alerts/rules dashboards',
  performance: 'api/latency api/availability ai/latency budget',
  delivery: 'rollout/rolling rollout/canary pipeline registry config/dynamic config/secrets',
  integrations: 'object-storage llm',
};

export const NOT_BUILT_IDS: readonly string[] = Object.entries(SUBJECTS).flatMap(([suite, names]) =>
  names.split(' ').map((name) => `${suite}/${name}`),
);
