/**
 * Objects that ECK makes of a resource Elasticsearch `orders` with the node sets `masters` and `data`: made up for tests, with the names, labels, mounts
 * and probes that its repository states (github.com/elastic/cloud-on-k8s at 7b93383d, for 3.6: pkg/apis/elasticsearch/v1/name.go,
 * pkg/controller/elasticsearch/{label,nodespec,volume,pdb,settings}, nodespec/__snapshots__). No real operator has made them here.
 */
import { rolledOut } from './observing.ts';

export const NAMESPACE = 'search';
export const SETS = [
  { name: 'orders-es-masters', members: 3 },
  { name: 'orders-es-data', members: 3 },
];
const CLUSTER = 'elasticsearch.k8s.elastic.co/cluster-name';
/** Its volumes for its own files are emptyDirs and Secrets; only the data is on a claim. */
const MOUNTS = {
  'elasticsearch-data': '/usr/share/elasticsearch/data',
  'elasticsearch-logs': '/usr/share/elasticsearch/logs',
  'elastic-internal-elasticsearch-config-local': '/usr/share/elasticsearch/config',
  'elastic-internal-elasticsearch-plugins-local': '/usr/share/elasticsearch/plugins',
  'elastic-internal-http-certificates': '/usr/share/elasticsearch/config/http-certs',
  'tmp-volume': '/tmp',
};
const EMPTY = ['elasticsearch-logs', 'tmp-volume'].concat(
  ...['config', 'plugins'].map((one) => `elastic-internal-elasticsearch-${one}-local`),
);

const mounts = Object.entries(MOUNTS).map(([name, mountPath]) => ({ name, mountPath }));
const spec = {
  containers: [
    {
      name: 'elasticsearch',
      image: 'docker.elastic.co/elasticsearch/elasticsearch:9.1.0',
      readinessProbe: {
        exec: { command: ['bash', '-c', '/mnt/elastic-internal/scripts/readiness-port-script.sh'] },
      },
      resources: { requests: { memory: '2Gi' }, limits: { memory: '2Gi' } },
      volumeMounts: mounts,
    },
  ],
  initContainers: [
    { name: 'elastic-internal-init-filesystem', image: 'i', volumeMounts: mounts },
    { name: 'elastic-internal-suspend', image: 'i' },
  ],
  volumes: [
    ...EMPTY.map((name) => ({ name, emptyDir: {} })),
    { name: 'elastic-internal-http-certificates', secret: { secretName: 'orders-es-http-certs-internal' } },
  ],
};

/** One budget for all node sets, without an Enterprise licence; while the cluster is green one node may go. */
const BUDGET = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { namespace: NAMESPACE, name: 'orders-es-default' },
  spec: { minAvailable: 5, selector: { matchLabels: { [CLUSTER]: 'orders' } } },
  status: { expectedPods: 6, desiredHealthy: 5, currentHealthy: 6, disruptionsAllowed: 1 },
};

export const OBJECTS = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
  BUDGET,
  ...SETS.flatMap(({ name, members: replicas }) =>
    rolledOut({
      namespace: NAMESPACE,
      name,
      replicas,
      spec,
      claims: ['elasticsearch-data'],
      owner: { apiVersion: 'elasticsearch.k8s.elastic.co/v1', kind: 'Elasticsearch', name: 'orders' },
      labels: {
        'common.k8s.elastic.co/type': 'elasticsearch',
        [CLUSTER]: 'orders',
        'elasticsearch.k8s.elastic.co/statefulset-name': name,
        'elasticsearch.k8s.elastic.co/node-master': String(name.endsWith('masters')),
        'elasticsearch.k8s.elastic.co/node-data': String(name.endsWith('data')),
      },
    }),
  ),
];

/** `node.name` is the pod's name; `node.roles` those of the node set. */
export const NODES = Object.fromEntries(
  SETS.flatMap(({ name, members }) =>
    Array.from({ length: members }, (_, at) => [
      `${name}-${at}`,
      name.endsWith('masters') ? ['master', 'remote_cluster_client'] : ['data', 'ingest', 'transform'],
    ]),
  ),
) as Readonly<Record<string, readonly string[]>>;
