import type { Environment, Topology } from '../../env/schema.ts';
import { devices, together, topologyParts, writes } from './reads.ts';
import { row, turns, turnsOnFull } from './row.ts';
import type { CatalogueRow, Requirement } from './types.ts';

/** The parts of the topology that a check is given. Nothing else of it goes into its history. */
const given = (...parts: readonly (keyof Topology)[]) => together(topologyParts(...parts), writes);

const declared = (part: 'controlPlane' | 'network' | 'storage' | 'registry' | 'edge'): Requirement => ({
  what: `topology.${part}`,
  declares: ({ topology }) => topology[part] !== undefined,
});
const workloadsDeclared: Requirement = {
  what: 'topology.workloads',
  declares: ({ topology }) => topology.workloads.length > 0,
};
const someStore: Requirement = {
  what: 'a store',
  declares: ({ stores }) => Object.keys(stores).length > 0,
};
const serversOf = ({ topology }: Environment): number => topology.controlPlane?.nodes ?? 1;

const cluster: CatalogueRow[] = [
  row({
    id: 'topology/cluster/versions',
    title: 'Versions within the skew that Kubernetes supports, certificates not about to end',
    section: '5.1',
    access: 'r - r r r',
    goal: 'kubelets at most 3 minor versions behind the API server; served certificates valid for at least 30 days, declared ones by a trusted authority and for their name',
    goals: { maxMinorSkew: 3, minDays: 30 },
    control: [
      turns('a certificate that is valid for 5 days'),
      turns('a certificate that no trusted authority signed'),
    ],
    built: true,
    reads: given('controlPlane', 'certificates', 'pools'),
    withoutPlatform: true,
  }),
  row({
    id: 'topology/cluster/control-plane',
    title: 'The declared control plane, and an etcd with all its voting members',
    section: '5.1',
    access: 'r - - r r',
    goal: 'the declared number of Ready control-plane nodes; etcd with that many voting members, all healthy, one leader',
    control: [turnsOnFull('one etcd member is stopped')],
    built: true,
    needsSize: 'full',
    clusterAlone: true,
    requires: declared('controlPlane'),
    reads: given('controlPlane'),
    withoutPlatform: true,
  }),
  row({
    id: 'topology/cluster/api-balanced',
    title: 'The API stays reachable while any one API server is down',
    section: '5.1',
    access: 'F - - F r',
    goal: 'the address that clients use answers at least 99 % while any one API server is down; every API server answers itself; no leader of a store changes meanwhile',
    goals: { answeredRatio: 0.99 },
    control: [turnsOnFull('the address points at one control-plane node only')],
    built: true,
    needsSize: 'full',
    requires: {
      what: 'apiAddress and topology.controlPlane',
      declares: ({ apiAddress, topology }) => apiAddress !== undefined && topology.controlPlane !== undefined,
    },
    reads: given('controlPlane'),
    time: {
      waits: ['settle'],
      // One API server after the other is taken away.
      workMs: (environment, { waitMs }) =>
        serversOf(environment) * (waitMs('apiServerDown') + waitMs('apiServerUp') + waitMs('settle')),
      usualMs: 90_000,
    },
    withoutPlatform: true,
  }),
  row({
    id: 'topology/nodes/pools',
    title: 'The declared pools of nodes',
    section: '5.1',
    access: 'r - r r r',
    goal: 'every declared pool has its count, labels and taints; every node, of a pool or not, is Ready, schedulable and under no pressure',
    control: [turns('a node is cordoned and tainted')],
    built: true,
    clusterAlone: true,
    requires: { what: 'topology.pools', declares: ({ topology }) => topology.pools.length > 0 },
    reads: given('pools'),
    withoutPlatform: true,
  }),
  row({
    id: 'topology/network/reachability',
    title: 'Pods reach pods on every node, Services and the cluster DNS',
    section: '5.1',
    access: 'w w w w -',
    goal: 'pod to pod over every pair of nodes (a sample above 20 nodes), pod to Service, cluster DNS, without a lost request once it answers; the declared CNI plugin is found; no clock of these nodes is off by more than 10 s',
    goals: { clockSeconds: 10 },
    control: [turns("one node's route is dropped; the pair is named")],
    built: true,
    requires: declared('network'),
    reads: given('network', 'workloads', 'pools'),
    withoutPlatform: true,
  }),
  row({
    id: 'topology/network/policy',
    title: 'A NetworkPolicy that denies really blocks',
    section: '5.1',
    access: 'w - w w -',
    goal: 'a deny policy blocks, where the plugin enforces policies',
    control: [turns('enforcement is declared where nothing enforces it')],
    requires: declared('network'),
    withoutPlatform: true,
  }),
];

const storage: CatalogueRow[] = [
  row({
    id: 'topology/storage/persistent',
    title: 'Data lives on persistent volumes and survives its pod',
    section: '5.1',
    access: 'w r w w r',
    goal: 'every StatefulSet with data: PVC Bound, no emptyDir or hostPath for data, the declared StorageClass; bytes survive the pod',
    control: [turns('data on an emptyDir'), turns('a volume forgets its bytes when the pod goes')],
    built: true,
    requires: declared('storage'),
    reads: given('storage', 'workloads', 'network'),
  }),
  row({
    id: 'topology/storage/durability',
    title: 'The settings on which durability rests',
    section: '5.2',
    access: 'r r r r r',
    goal: 'fsync, synchronous_commit, appendfsync, translog.durability and quorum queues are as declared, on every member',
    control: [turns('fsync is switched off')],
    built: true,
    requires: someStore,
    reads: given(),
    asksStores: true,
  }),
];

const workloads: CatalogueRow[] = [
  row({
    id: 'topology/workloads/declared',
    title: 'The declared workloads, and nothing else',
    section: '5.2',
    access: 'r r r r r',
    goal: 'kinds, replicas and ready pods as declared; nothing restarting: no container that has restarted within 10 minutes, none that restarts again and again, at most once in four hours; nothing undeclared in the namespaces',
    goals: { maxRestarts: 0, restartWindowMinutes: 10, restartsPerHour: 0.25 },
    control: [turns('a workload is scaled to 0'), turns('a stray pod is added')],
    built: true,
    requires: workloadsDeclared,
    reads: together(given('workloads', 'closed'), ({ workloadsLeftOut = [] }) => ({
      leftOut: [...workloadsLeftOut],
    })),
    toldOfDrills: true, // a restart that a drill caused is none of the platform's own troubles
  }),
  row({
    id: 'topology/workloads/roles',
    title: 'Leaders and replicas of the stores',
    section: '5.2',
    access: 'r r r r r',
    goal: 'PostgreSQL: one primary, streaming replicas, a read Service that refuses writes; the other stores likewise',
    control: [turns('a replica is detached')],
    built: true,
    requires: someStore,
    reads: given(),
    asksStores: true,
  }),
  row({
    id: 'topology/workloads/probes',
    title: 'Liveness and readiness probes',
    section: '5.3',
    access: 'r r r r r',
    goal: 'a liveness and a readiness probe on every container that serves',
    control: [turns('one probe is removed')],
    built: true,
    requires: workloadsDeclared,
    reads: given('workloads'),
  }),
  row({
    id: 'topology/workloads/resources',
    title: 'Requests and limits',
    section: '5.2',
    access: 'r - r r r',
    goal: 'CPU and memory requests and limits on every container, GPU where declared',
    control: [turns('one limit is removed')],
    built: true,
    requires: workloadsDeclared,
    reads: together(given('workloads'), devices),
  }),
  row({
    id: 'topology/workloads/spread',
    title: 'Replicas on different nodes, with a disruption budget',
    section: '5.1',
    access: 'r - - r r',
    goal: 'replicas on different nodes; a PodDisruptionBudget that allows one disruption and not all',
    control: [turns('replicas are put on one node')],
    built: true,
    requires: workloadsDeclared,
    reads: given('workloads'),
  }),
  row({
    id: 'topology/workloads/images',
    title: 'Images from the declared registry, pinned',
    section: '5.3',
    access: 'r - r r r',
    goal: 'every image from the declared registry, pinned, and pullable',
    control: [turns('`latest` from elsewhere')],
    built: true,
    requires: declared('registry'),
    reads: given('workloads', 'registry'),
  }),
];

const edge: CatalogueRow[] = [
  row({
    id: 'topology/edge/path',
    title: 'A request passes the whole chain of the edge',
    section: '5',
    access: 'r r r r r',
    goal: 'a marked request passes load balancer, Ingress, gateway and service; each hop left its mark; TLS is valid',
    control: [turns('the gateway is bypassed')],
    built: true,
    stubbed: ['Kong'],
    requires: declared('edge'),
    reads: given('edge'),
  }),
  row({
    id: 'topology/edge/gateway',
    title: 'Routes and upstreams of the gateway',
    section: '7',
    access: 'r - r r r',
    goal: "Kong's admin API: the declared routes, upstreams healthy",
    control: [turns('an unhealthy upstream')],
    stubbed: ['Kong'],
  }),
  row({
    id: 'topology/mesh/istio',
    title: 'The service mesh, where declared',
    section: '4',
    access: '- - r r r',
    goal: 'sidecars in sync, mTLS strict',
  }),
  row({
    id: 'topology/consistency/drift',
    title: 'No undeclared difference between two environments',
    section: '2',
    access: 'r - r r r',
    goal: 'kinds, probes, configuration keys and images of two environments differ only where declared',
    control: [turns('one changed key, which is named')],
  }),
];

export const topology: readonly CatalogueRow[] = [...cluster, ...storage, ...workloads, ...edge];
