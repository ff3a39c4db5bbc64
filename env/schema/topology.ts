import { STORES } from '../../probes/declared-stores.ts';
import { countRange, host, kubeName, labels, objectName, port, trust } from '../../probes/declaring.ts';
import { edge } from '../../probes/edge/declaration.ts';
import { VOLUME_KINDS } from '../../probes/kubernetes/volume-kinds.ts';
import { PART_NAMES } from './parts.ts';
import { z } from 'zod';

const taint = z.strictObject({
  key: z.string().min(1),
  value: z.string().optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
});

const pool = z.strictObject({
  name: z.string().min(1),
  count: countRange,
  labels: labels.describe('Labels by which a node belongs to the pool'),
  withoutLabels: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Keys of labels that no node of the pool has: a node with one of them is left to another pool, as infra nodes of OpenShift are, which have the label of workers as well',
    ),
  taints: z.array(taint).default([]),
});

/** Taints by which autoscalers and cloud providers say that a node is coming or going; each is documented by the one that sets it. */
export const PASSING_TAINTS = [
  'node.cloudprovider.kubernetes.io/uninitialized',
  'startup-taint.cluster-autoscaler.kubernetes.io/*',
  'ignore-taint.cluster-autoscaler.kubernetes.io/*',
  'ToBeDeletedByClusterAutoscaler',
  'DeletionCandidateOfClusterAutoscaler',
  'karpenter.sh/*',
];

const nodes = z
  .strictObject({
    others: z
      .array(
        z.strictObject({
          labels: labels.refine((all) => Object.keys(all).length > 0, 'expected at least one label'),
          reason: z.string().min(1),
        }),
      )
      .default([])
      .describe(
        'Nodes of others in the same cluster, by labels that each of them has: nothing of this platform runs there, no check judges them or puts a pod on them, and the report says so',
      ),
    passingTaints: z
      .array(z.string().min(1))
      .default(PASSING_TAINTS)
      .describe(
        'Keys of taints that come and go (`*` stands for any text), such as startup taints of an autoscaler. They are not compared with those of a pool, or after a trial with those before it; a node that takes no pods because of one is coming or going: it is not counted or judged, and the report names it',
      ),
  })
  .prefault({});

const podsOf = (component: string) =>
  z
    .strictObject({ namespace: kubeName, labels })
    .default({ namespace: 'kube-system', labels: { component } })
    .describe(`How to find the pods of ${component}`);

const controlPlane = z.strictObject({
  nodes: z.int().min(1),
  etcdMembers: z.int().min(1).describe('Voting members of etcd'),
  labels: labels
    .default({ 'node-role.kubernetes.io/control-plane': '' })
    .describe('Labels of a control-plane node'),
  etcd: podsOf('etcd'),
  apiServer: podsOf('kube-apiserver'),
});

const network = z.strictObject({
  cni: z.strictObject({
    name: z.string().min(1),
    daemonSet: objectName
      .optional()
      .describe("The plugin's DaemonSet; without one, pod addresses must lie in their node's podCIDR"),
  }),
  policyEnforced: z.boolean().describe('Whether the plugin enforces NetworkPolicy'),
  clusterDomain: z.string().default('cluster.local'),
  outsideNames: z
    .array(host)
    .optional()
    .describe('Names outside of the cluster that its pods must be able to resolve; nothing is sent there'),
  probeImage: z
    .string()
    .optional()
    .describe(
      'Image of the canary pods, with busybox in it; the image of the first serving workload when left out',
    ),
});

const storage = z.strictObject({
  className: z.string().min(1).describe('StorageClass of every data volume'),
  kinds: z
    .array(z.enum(VOLUME_KINDS))
    .min(1)
    .describe('Kinds of PersistentVolume that count as persistent here'),
  canaryBytes: z
    .int()
    .min(1)
    .default(65536)
    .describe('Bytes written by the canary of topology/storage/persistent'),
});

const exemption = z.strictObject({
  checks: z.array(z.string().min(1)).min(1).describe('Globs of check ids'),
  containers: z.array(z.string().min(1)).optional().describe('Only these containers; all when left out'),
  reason: z.string().min(1),
});

const repository = z
  .string()
  .regex(/^([^\s@/]+\/)*[^\s@/:]+$/, 'expected a repository, without a tag or digest');

const workload = z.strictObject({
  kind: z
    .enum(['Deployment', 'StatefulSet', 'DaemonSet', 'Rollout'])
    .describe('Rollout: one of Argo Rollouts (argoproj.io/v1alpha1)'),
  namespace: kubeName,
  name: kubeName,
  replicas: countRange,
  serves: z
    .boolean()
    .describe(
      'Whether it serves requests, and so needs probes: its container, or of several those that declare a port',
    ),
  store: z.enum(STORES).optional().describe('The store whose data the workload holds'),
  accompanies: z
    .enum(STORES)
    .optional()
    .describe(
      'The store beside which the workload stands without holding its data, such as a pooler: the workload exists only where that store is provisioned, and so does an edge whose backend it is',
    ),
  part: z
    .enum(PART_NAMES)
    .optional()
    .describe(
      'The part of the platform that the workload belongs to: the workload exists only where that part is provisioned',
    ),
  gpu: z.int().min(1).optional().describe('GPU devices that each replica asks for'),
  image: z
    .union([repository, z.record(z.string().min(1), repository)])
    .optional()
    .describe(
      'The program that it runs: the repository of its image without tag and digest, in full or what follows a prefix of topology.registry; a map by the names of its containers where they differ',
    ),
  spread: z
    .strictObject({
      differentNodes: z.boolean().default(true),
      disruptionBudget: z.boolean().default(true),
    })
    .default({ differentNodes: true, disruptionBudget: true })
    .describe('What topology/workloads/spread demands when there are two replicas or more'),
  exempt: z
    .array(exemption)
    .default([])
    .describe(
      'What checks of single containers (probes, resources, images, log lines) let off, and security/rbac of the whole workload',
    ),
});

const registry = z.strictObject({
  prefixes: z.array(z.string().min(1)).min(1).describe('Every image name begins with one of these'),
  pinned: z.enum(['digest', 'tag']).describe('digest: by digest; tag: any tag but latest'),
});

const certificate = z.strictObject({
  name: z.string().min(1),
  host,
  port,
  serverName: z
    .string()
    .optional()
    .describe('Server name asked for in the TLS handshake, when it differs from the host'),
  trust,
  minDays: z
    .int()
    .min(0)
    .optional()
    .describe(
      'Days of validity left that this certificate needs, instead of the goal minDays of topology/cluster/versions',
    ),
});

export const topology = z.strictObject({
  controlPlane: controlPlane.optional().describe('Left out where the cloud provider hides the control plane'),
  pools: z.array(pool).default([]),
  nodes: nodes.describe('What is not held against the nodes of the cluster'),
  network: network.optional(),
  storage: storage.optional(),
  workloads: z.array(workload).default([]),
  closed: z
    .strictObject({
      namespaces: z.array(kubeName).default([]),
      ignore: z
        .array(
          z.strictObject({ kind: z.string().min(1), name: z.string().min(1), reason: z.string().min(1) }),
        )
        .default([]),
    })
    .default({ namespaces: [], ignore: [] })
    .describe(
      'Namespaces in which nothing undeclared may run, and objects exempt from that (name is a glob)',
    ),
  registry: registry.optional(),
  certificates: z.array(certificate).default([]),
  edge: edge.optional(),
});

/** What differs between the sizes of an embedded environment. */
export const sizeOverlay = z.strictObject({
  controlPlane: z.strictObject({ nodes: z.int().min(1), etcdMembers: z.int().min(1) }),
  pools: z.array(pool),
});

export type Topology = z.infer<typeof topology>;

export type Pool = z.infer<typeof pool>;

export type Taint = z.infer<typeof taint>;

export type Workload = z.infer<typeof workload>;

export type Certificate = z.infer<typeof certificate>;
