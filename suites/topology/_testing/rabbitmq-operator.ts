/**
 * Objects that the RabbitMQ Cluster Operator makes of a resource RabbitmqCluster `orders` with TLS: made up for tests, with the names, labels and mounts
 * that its repository states (github.com/rabbitmq/cluster-operator at 06cda8e8, after 2.22.3: internal/resource/{statefulset,service,
 * headless_service}.go, internal/metadata/label.go). No real operator has made them here.
 */
import { rolledOut } from './observing.ts';

export const NAMESPACE = 'messaging';
export const MEMBERS = ['orders-server-0', 'orders-server-1', 'orders-server-2'];
/** RABBITMQ_NODENAME: long names, of the headless Service. */
export const nodeOf = (pod: string): string => `rabbit@${pod}.orders-nodes.${NAMESPACE}`;
/** The cookie's emptyDir lies above the data, whose claim is mounted below it. */
const mounts = [
  { name: 'rabbitmq-erlang-cookie', mountPath: '/var/lib/rabbitmq/' },
  { name: 'persistence', mountPath: '/var/lib/rabbitmq/mnesia/' },
  { name: 'rabbitmq-plugins', mountPath: '/operator' },
];
const volumes = [
  { name: 'rabbitmq-erlang-cookie', emptyDir: {} },
  { name: 'erlang-cookie-secret', secret: { secretName: 'orders-erlang-cookie' } },
  { name: 'rabbitmq-plugins', emptyDir: {} },
];

/** @param claims none: spec.persistence.storage is 0, and the data is on an emptyDir of that name */
export function objectsOf(
  claims: readonly string[] = ['persistence'],
): { apiVersion: string; kind: string; metadata?: unknown }[] {
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    ...rolledOut({
      namespace: NAMESPACE,
      name: 'orders-server',
      replicas: MEMBERS.length,
      claims,
      owner: { apiVersion: 'rabbitmq.com/v1beta1', kind: 'RabbitmqCluster', name: 'orders' },
      labels: {
        'app.kubernetes.io/name': 'orders',
        'app.kubernetes.io/component': 'rabbitmq',
        'app.kubernetes.io/part-of': 'rabbitmq',
      },
      spec: {
        containers: [
          {
            name: 'rabbitmq',
            image: 'rabbitmq:4.1-management',
            volumeMounts: mounts,
            readinessProbe: { tcpSocket: { port: 'amqps' } },
          },
        ],
        initContainers: [{ name: 'setup-container', image: 'rabbitmq:4.1-management', volumeMounts: mounts }],
        volumes: claims.length > 0 ? volumes : [...volumes, { name: 'persistence', emptyDir: {} }],
      },
    }),
  ];
}

/** `GET /api/nodes` (management API of RabbitMQ 4.1), as far as it is read. */
export const NODES = MEMBERS.map((pod) => ({
  name: nodeOf(pod),
  running: true,
  mem_alarm: false,
  disk_free_alarm: false,
  partitions: [],
  being_drained: false,
  net_ticktime: 60,
  db_dir: `/var/lib/rabbitmq/mnesia/${nodeOf(pod)}`,
}));

/** A quorum queue of `GET /api/queues?disable_stats=true`. */
export const QUEUE = {
  name: 'orders',
  vhost: 'shop',
  type: 'quorum',
  durable: true,
  exclusive: false,
  state: 'running',
  leader: nodeOf('orders-server-1'),
  node: nodeOf('orders-server-1'),
  members: MEMBERS.map(nodeOf),
  online: MEMBERS.map(nodeOf),
};

export const VHOST = {
  name: 'shop',
  cluster_state: Object.fromEntries(MEMBERS.map((pod) => [nodeOf(pod), 'running'])),
};
