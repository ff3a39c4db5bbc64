/** Made-up clusters: one like the reference platform, one of operators and charts, one with nothing, and a large one. */
import type { Stood } from './api-server.ts';
import {
  autoscaler,
  budget,
  ingress,
  namespace,
  node,
  pod,
  service,
  staticPod,
  workload,
} from './objects.ts';

const CONTROL = { 'node-role.kubernetes.io/control-plane': '' };
const NO_WORK = [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }];
const DIGEST = `@sha256:${'a'.repeat(64)}`;
const own = (name: string): string => `registry.example.com/shop/${name}:1${DIGEST}`;

/** Three control planes, two pools, the five stores, an edge, telemetry. */
export const REFERENCE: readonly Stood[] = [
  ...['kube-system', 'default', 'shop', 'edge', 'monitoring', 'plumbline-system'].map(namespace),
  ...['cp-1', 'cp-2', 'cp-3'].flatMap((name) => [
    node(name, CONTROL, { taints: NO_WORK }),
    staticPod('etcd', name),
  ]),
  ...['w-1', 'w-2', 'w-3'].map((name) =>
    node(name, { 'example.com/pool': 'general', 'node.kubernetes.io/instance-type': 'm5' }),
  ),
  node(
    'g-1',
    { 'example.com/pool': 'gpu' },
    {
      taints: [
        { key: 'nvidia.com/gpu', effect: 'NoSchedule', value: '' },
        { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' },
      ],
      allocatable: { 'nvidia.com/gpu': '2' },
    },
  ),
  ...workload({
    kind: 'DaemonSet',
    at: 'kube-system/calico-node',
    image: 'docker.io/calico/node:v3.30',
    replicas: 7,
  }),
  ...workload({
    kind: 'DaemonSet',
    at: 'kube-system/nvidia-device-plugin',
    image: 'nvcr.io/nvidia/k8s-device-plugin:v0.17',
  }),
  ...workload({ kind: 'Deployment', at: 'shop/api', image: own('api'), replicas: 2, ports: { http: 8080 } }),
  service('shop/api', { http: 80 }, { 'app.kubernetes.io/name': 'api' }),
  autoscaler('shop/api', 'api', [2, 10]),
  budget('shop/api', { 'app.kubernetes.io/name': 'api' }),
  ...workload({
    kind: 'Deployment',
    at: 'shop/worker',
    image: own('worker'),
    replicas: 2,
    limits: { 'nvidia.com/gpu': '1' },
  }),
  ...workload({
    kind: 'StatefulSet',
    at: 'shop/postgres',
    image: own('postgres'),
    replicas: 3,
    container: 'server',
    ports: { postgresql: 5432, patroni: 8008 },
    data: { data: '/var/lib/postgresql' },
    labels: { 'app.kubernetes.io/name': 'postgres', 'cluster-name': 'orders' },
    roles: [{ role: 'master' }, { role: 'replica' }, { role: 'replica' }],
  }),
  service('shop/postgres-primary', { postgresql: 5432 }), // Patroni writes its endpoints
  service('shop/postgres-replica', { postgresql: 5432 }, { 'cluster-name': 'orders', role: 'replica' }),
  service('shop/postgres-members', { postgresql: 5432 }, { 'cluster-name': 'orders' }, 'None'),
  ...workload({
    kind: 'StatefulSet',
    at: 'shop/redis',
    image: own('redis'),
    replicas: 3,
    ports: { redis: 6379 },
    data: { data: '/data' },
  }),
  service('shop/redis-members', { redis: 6379 }, { 'app.kubernetes.io/name': 'redis' }, 'None'),
  ...workload({
    kind: 'StatefulSet',
    at: 'shop/watchers',
    image: own('redis'),
    replicas: 3,
    ports: { sentinel: 26_379 },
    roles: ['0', '1', '2'].map((pod) => ({ pod })),
  }),
  ...['0', '1', '2'].map((pod) => service(`shop/watchers-${pod}`, { sentinel: 26_379 }, { pod })),
  service('shop/watchers', { sentinel: 26_379 }, { 'app.kubernetes.io/name': 'watchers' }),
  ...workload({
    kind: 'StatefulSet',
    at: 'shop/rabbitmq',
    image: own('rabbitmq'),
    replicas: 3,
    ports: { amqp: 5672, management: 15_672 },
    data: { data: '/var/lib/rabbitmq' },
  }),
  service('shop/rabbitmq', { amqp: 5672, management: 15_672 }, { 'app.kubernetes.io/name': 'rabbitmq' }),
  ...workload({
    kind: 'StatefulSet',
    at: 'shop/elasticsearch',
    image: own('elasticsearch'),
    replicas: 3,
    ports: { http: 9200 },
    data: { data: '/var/lib/elasticsearch' },
  }),
  service('shop/elasticsearch', { http: 9200 }, { 'app.kubernetes.io/name': 'elasticsearch' }),
  ...workload({
    kind: 'StatefulSet',
    at: 'shop/neo4j',
    image: own('neo4j'),
    ports: { bolt: 7687 },
    data: { data: '/data' },
  }),
  service('shop/neo4j', { bolt: 7687 }, { 'app.kubernetes.io/name': 'neo4j' }),
  ...workload({
    kind: 'Deployment',
    at: 'edge/traefik',
    image: own('traefik'),
    replicas: 2,
    ports: { https: 8443 },
  }),
  service('edge/traefik', { https: 443 }, { 'app.kubernetes.io/name': 'traefik' }),
  ingress('shop/api', 'shop.example.com'),
  ...workload({
    kind: 'Deployment',
    at: 'monitoring/prometheus',
    image: own('prometheus'),
    ports: { http: 9090 },
  }),
  service('monitoring/prometheus', { http: 9090 }, { 'app.kubernetes.io/name': 'prometheus' }),
  ...workload({ kind: 'Deployment', at: 'monitoring/grafana', image: own('grafana'), ports: { http: 3000 } }),
  service('monitoring/grafana', { http: 80 }, { 'app.kubernetes.io/name': 'grafana' }),
  ...workload({
    kind: 'Deployment',
    at: 'monitoring/alertmanager',
    image: own('alertmanager'),
    ports: { http: 9093 },
  }),
  service('monitoring/alertmanager', { http: 9093 }, { 'app.kubernetes.io/name': 'alertmanager' }),
  ...workload({
    kind: 'Deployment',
    at: 'monitoring/jaeger',
    image: own('jaeger'),
    ports: { query: 16_686 },
  }),
  service('monitoring/jaeger', { query: 16_686 }, { 'app.kubernetes.io/name': 'jaeger' }),
  ...workload({
    kind: 'StatefulSet',
    at: 'monitoring/logstore',
    image: own('elasticsearch'),
    ports: { http: 9200 },
  }),
  service('monitoring/logstore', { http: 9200 }, { 'app.kubernetes.io/name': 'logstore' }),
  ...workload({ kind: 'DaemonSet', at: 'monitoring/filebeat', image: own('filebeat'), replicas: 4 }),
  job('shop', 'migrate', undefined),
  job('shop', 'backup-29381234', 'backup'),
];

function job(at: string, name: string, cron: string | undefined): Stood {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      namespace: at,
      name,
      ...(cron !== undefined && {
        ownerReferences: [{ kind: 'CronJob', name: cron, uid: 'u', controller: true }],
      }),
    },
  };
}

const cnpg = (role: string) => ({ 'cnpg.io/cluster': 'orders', 'cnpg.io/podRole': 'instance', role });

/** What operators and charts make, as their repositories and documentation state names and labels (docs/guide/stores-by-product.md). */
export const OPERATORS: readonly Stood[] = [
  ...['kube-system', 'databases', 'search', 'messaging', 'caches', 'tools'].map(namespace),
  ...['a', 'b', 'c'].map((name) =>
    node(name, { 'eks.amazonaws.com/nodegroup': 'workers', 'alpha.eksctl.io/nodegroup-name': 'workers' }),
  ),
  ...workload({
    kind: 'DaemonSet',
    at: 'kube-system/aws-node',
    image: '1.dkr.ecr.example.com/amazon-k8s-cni:v1.20',
    replicas: 3,
  }),
  // CloudNativePG makes pods itself.
  ...['primary', 'replica', 'replica'].map((role, at) =>
    pod({
      namespace: 'databases',
      name: `orders-${at + 1}`,
      labels: cnpg(role),
      owner: { kind: 'Cluster', name: 'orders', uid: 'u', controller: true },
      spec: {
        containers: [
          {
            name: 'postgres',
            image: 'ghcr.io/cloudnative-pg/postgresql:17.2',
            ports: [{ containerPort: 5432 }],
          },
        ],
      },
    }),
  ),
  service('databases/orders-rw', { postgres: 5432 }, { 'cnpg.io/cluster': 'orders', role: 'primary' }),
  service('databases/orders-ro', { postgres: 5432 }, { 'cnpg.io/cluster': 'orders', role: 'replica' }),
  service(
    'databases/orders-r',
    { postgres: 5432 },
    { 'cnpg.io/cluster': 'orders', 'cnpg.io/podRole': 'instance' },
  ),
  ...workload({
    kind: 'Deployment',
    at: 'databases/orders-pooler',
    image: 'ghcr.io/cloudnative-pg/pgbouncer:1.24',
    ports: { postgres: 5432 },
  }),
  ...['masters', 'data'].flatMap((set) =>
    workload({
      kind: 'StatefulSet',
      at: `search/orders-es-${set}`,
      replicas: 3,
      container: 'elasticsearch',
      image: 'docker.elastic.co/elasticsearch/elasticsearch:9.1.0',
      ports: { https: 9200 },
      data: { 'elasticsearch-data': '/usr/share/elasticsearch/data' },
      labels: {
        'elasticsearch.k8s.elastic.co/cluster-name': 'orders',
        'common.k8s.elastic.co/type': 'elasticsearch',
      },
      owner: { kind: 'Elasticsearch', name: 'orders' },
    }),
  ),
  service(
    'search/orders-es-http',
    { https: 9200 },
    { 'elasticsearch.k8s.elastic.co/cluster-name': 'orders' },
  ),
  service(
    'search/orders-es-transport',
    { 'tls-transport': 9300 },
    { 'elasticsearch.k8s.elastic.co/cluster-name': 'orders' },
    'None',
  ),
  ...workload({
    kind: 'StatefulSet',
    at: 'messaging/orders-server',
    image: 'rabbitmq:4.1-management',
    replicas: 3,
    container: 'rabbitmq',
    ports: { amqps: 5671, 'management-tls': 15_671 },
    data: { persistence: '/var/lib/rabbitmq/mnesia/' },
    labels: { 'app.kubernetes.io/name': 'orders', 'app.kubernetes.io/component': 'rabbitmq' },
    owner: { kind: 'RabbitmqCluster', name: 'orders' },
  }),
  service(
    'messaging/orders',
    { amqps: 5671, 'management-tls': 15_671 },
    { 'app.kubernetes.io/name': 'orders' },
  ),
  service('messaging/orders-nodes', { epmd: 4369 }, { 'app.kubernetes.io/name': 'orders' }, 'None'),
  ...workload({
    kind: 'Deployment',
    at: 'tools/rabbitmq-cluster-operator',
    image: 'rabbitmqoperator/cluster-operator:2.22.3',
  }),
  ...workload({
    kind: 'StatefulSet',
    at: 'caches/orders-redis-node',
    image: 'docker.io/bitnami/redis:7.4',
    replicas: 3,
    container: 'redis',
    ports: { redis: 6379 },
    beside: {
      sentinel: 'docker.io/bitnami/redis-sentinel:7.4',
      metrics: 'docker.io/bitnami/redis-exporter:1',
    },
    data: { 'redis-data': '/data' },
    className: 'slow',
    secrets: ['orders-redis-crt'],
    labels: { 'app.kubernetes.io/name': 'redis', 'app.kubernetes.io/instance': 'orders' },
  }),
  service(
    'caches/orders-redis',
    { 'tcp-redis': 6379, 'tcp-sentinel': 26_379 },
    { 'app.kubernetes.io/name': 'redis', 'app.kubernetes.io/instance': 'orders' },
  ),
  service(
    'caches/orders-redis-headless',
    { 'tcp-redis': 6379 },
    { 'app.kubernetes.io/name': 'redis', 'app.kubernetes.io/instance': 'orders' },
    'None',
  ),
  ...workload({
    kind: 'StatefulSet',
    at: 'databases/billing-postgresql',
    image: 'docker.io/bitnami/postgresql-repmgr:17',
    replicas: 2,
    container: 'postgresql',
    ports: { postgresql: 5432 },
    data: { data: '/bitnami/postgresql' },
    labels: { 'app.kubernetes.io/name': 'postgresql-ha', 'app.kubernetes.io/instance': 'billing' },
  }),
  ...workload({
    kind: 'Deployment',
    at: 'databases/billing-pgpool',
    image: 'docker.io/bitnami/pgpool:4',
    beside: { watch: 'docker.io/bitnami/postgresql-repmgr:17' },
    ports: { postgresql: 5432 },
  }),
];

/** One node without a label that tells its pool, and nothing of a platform. */
export const BARE: readonly Stood[] = [
  ...['kube-system', 'default', 'kube-public'].map(namespace),
  node('only', CONTROL),
  node('worker', {}),
  staticPod('etcd', 'only'),
];

/** 1,000 nodes and 10,000 pods of 500 Deployments. */
export function large(): Stood[] {
  const names = Array.from({ length: 500 }, (_, at) => `service-${at}`);
  return [
    ...['kube-system', 'shop'].map(namespace),
    ...Array.from({ length: 1000 }, (_, at) =>
      node(`node-${at}`, { 'karpenter.sh/nodepool': at % 3 === 0 ? 'spot' : 'general' }),
    ),
    ...names.flatMap((name) => [
      ...workload({
        kind: 'Deployment',
        at: `shop/${name}`,
        image: own(name),
        replicas: 20,
        ports: { http: 8080 },
      }),
      service(`shop/${name}`, { http: 80 }, { 'app.kubernetes.io/name': name }),
    ]),
  ];
}
