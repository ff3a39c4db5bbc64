/** The control plane and the pools of nodes, by labels that distributions and providers give. */
import { below, commentedOut, open, todo } from '../../probes/drafting.ts';
import type { Draft, DraftMap } from '../../probes/drafting.ts';
import { devicesIn } from '../../probes/gpu/recognise.ts';
import { selects } from '../../probes/kubernetes/label-selector.ts';
import type { NodeObject } from '../../probes/kubernetes/objects.ts';
import { atMost } from '../../reports/record/at-most.ts';
import { matchesAny } from '../globs.ts';
import { PASSING_TAINTS } from '../schema/topology.ts';
import { imageName } from '../../probes/store/recognising.ts';
import type { Listing } from './listing.ts';
import type { Seen, SeenWorkload } from './seen.ts';

/** Kubernetes documentation, "Well-Known Labels"; the second is that of versions before 1.24. */
const CONTROL_PLANE = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];
const ROLE = 'node-role.kubernetes.io/';
const INSTANCE = 'node.kubernetes.io/instance-type';
/** Last part of the label of a pool: gke-nodepool, nodegroup (EKS), agentpool (AKS), nodepool (Karpenter), instancegroup (kOps), pool-name … */
const POOL = /^((gke-)?(node|agent|instance|machine)?-?(pool|group)(-?(name|id))?)$/;
/** Taints of Kubernetes itself, which come with conditions of a node. */
const OWN_TAINTS = 'node.kubernetes.io/';

/** Kubernetes documentation, "Considerations for large clusters": a cluster has no more nodes. */
export const MOST_NODES = 5000;
/**
 * Labels of pools that an autoscaler makes (Karpenter), and of groups of nodes that one of their provider may resize without being seen: EKS and
 * eksctl, GKE, AKS, kOps, DigitalOcean (their documentation).
 */
const RESIZED = [
  'karpenter.sh/nodepool',
  'karpenter.sh/provisioner-name',
  'eks.amazonaws.com/nodegroup',
  'alpha.eksctl.io/nodegroup-name',
  'cloud.google.com/gke-nodepool',
  'kubernetes.azure.com/agentpool',
  'agentpool',
  'kops.k8s.io/instancegroup',
  'doks.digitalocean.com/node-pool',
];
/** The autoscaler of Kubernetes' own project, wherever it runs, resizes groups under any label. */
const AUTOSCALER = /^cluster-autoscaler/;

export interface FoundPool {
  name: string;
  labels: Readonly<Record<string, string>>;
  /** Keys of labels by which nodes that have those of this pool belong to another one, or to the control plane. */
  without: readonly string[];
  nodes: readonly NodeObject[];
}

type Labels = Readonly<Record<string, string>>;

const labelsOf = ({ metadata }: NodeObject): Labels => metadata.labels ?? {};

function controlLabel(node: NodeObject): string | undefined {
  return CONTROL_PLANE.find((label) => labelsOf(node)[label] !== undefined);
}

/** Each node in one pool: by the label of pools that most nodes have, else by the rarest of its roles, else by its instance type. */
export function poolsOf(nodes: readonly NodeObject[]): { pools: FoundPool[]; others: string[] } {
  const workers = nodes.filter((node) => controlLabel(node) === undefined);
  const keys = keysOf(workers);
  const keyOf = (node: NodeObject): string | undefined =>
    controlLabel(node) ?? keys.find((key) => labelsOf(node)[key] !== undefined);
  const others = workers.filter((node) => keyOf(node) === undefined).map(({ metadata }) => metadata.name);
  const distinct = new Map(
    workers.flatMap((node) => {
      const key = keyOf(node);
      return key === undefined ? [] : [[`${key}=${labelsOf(node)[key] ?? ''}`, { key, node }] as const];
    }),
  );
  const pools = [...distinct.values()].map(({ key, node }): FoundPool => {
    const value = labelsOf(node)[key] ?? '';
    const like = nodes.filter((one) => labelsOf(one)[key] === value);
    const by = new Set(like.flatMap((one) => keyOf(one) ?? []));
    by.delete(key);
    return {
      name: value === '' || key.startsWith(ROLE) ? key.replace(ROLE, '') : value,
      labels: { [key]: value },
      without: [...by].sort(),
      nodes: like.filter((one) => keyOf(one) === key),
    };
  });
  return { pools: pools.toSorted((a, b) => a.name.localeCompare(b.name)), others: others.sort() };
}

/** Keys of labels that may tell the pool of a node: the first of them that it has does. */
function keysOf(workers: readonly NodeObject[]): string[] {
  const counts = new Map<string, number>();
  for (const key of workers.flatMap((node) => Object.keys(labelsOf(node))))
    counts.set(key, (counts.get(key) ?? 0) + 1);
  const isName = (key: string): number => (/name$/.test(key) ? 0 : 1); // beside ids that nobody reads
  const keys = [...counts]
    .toSorted(([a, n], [b, m]) => m - n || isName(a) - isName(b) || a.localeCompare(b))
    .map(([key]) => key);
  // OpenShift has the role of workers on nodes of its other pools, too.
  const roles = keys.filter((key) => key.startsWith(ROLE)).toReversed();
  return [...keys.filter(isPoolLabel), ...roles, INSTANCE];
}

function isPoolLabel(key: string): boolean {
  return POOL.test(key.split('/').at(-1) ?? '');
}

/**
 * Where the pods of a part of the control plane are: with kubeadm and what is like it, which an environment file takes for granted, and under
 * OpenShift (bindata of cluster-etcd-operator and of cluster-kube-apiserver-operator).
 */
const PLACES: Readonly<Record<'etcd' | 'apiServer', readonly Place[]>> = {
  etcd: [
    { namespace: 'kube-system', labels: { component: 'etcd' } },
    { namespace: 'openshift-etcd', labels: { app: 'etcd' } },
  ],
  apiServer: [
    { namespace: 'kube-system', labels: { component: 'kube-apiserver' } },
    { namespace: 'openshift-kube-apiserver', labels: { app: 'openshift-kube-apiserver' } },
  ],
};

interface Placed {
  pods: number;
  /** Where they are, if the file must say it. */
  place: DraftMap | undefined;
}

interface Place {
  namespace: string;
  labels: Labels;
}

function placed({ objects }: Listing, part: keyof typeof PLACES): Placed {
  const found = PLACES[part].map((place, at): Placed => {
    const pods = objects['v1/Pod'].filter(
      ({ metadata: { namespace, labels } }) =>
        namespace === place.namespace && selects({ matchLabels: place.labels }, labels),
    ).length;
    return { pods, place: at === 0 ? undefined : { ...place } };
  });
  return found.find(({ pods }) => pods > 0) ?? { pods: 0, place: undefined };
}

const NO_ETCD =
  'no pod of etcd was seen (component=etcd in kube-system): how many members vote (etcdctl member list), and where are its pods (etcd: { namespace, labels })? Where it runs as no pod, as in k3s, topology/cluster/control-plane stays inconclusive';
const NO_API_SERVER =
  'No pod of an API server was seen (component=kube-apiserver in kube-system): say where they are (apiServer: { namespace, labels }). Where it runs as no pod, as in k3s, topology/cluster/versions stays inconclusive';

/** `topology.controlPlane`; undefined where the nodes of the control plane are not among those of the cluster. */
export function controlPlane(listing: Listing): Draft | undefined {
  const nodes = listing.objects['v1/Node'].filter((node) => controlLabel(node) !== undefined);
  const [first] = nodes;
  if (first === undefined) return undefined;
  const label = controlLabel(first) ?? '';
  const value = labelsOf(first)[label] ?? '';
  const usual = label === CONTROL_PLANE[0] && value === '';
  const [etcd, apiServer] = [placed(listing, 'etcd'), placed(listing, 'apiServer')];
  const draft: DraftMap = {
    nodes: nodes.length,
    etcdMembers: etcd.pods === 0 ? nodes.length : etcd.pods,
    labels: usual ? undefined : { [label]: value },
    etcd: etcd.place,
    apiServer: apiServer.place,
  };
  const lines = apiServer.pods === 0 ? [NO_API_SERVER] : [];
  if (etcd.pods === 0) return commentedOut([open(NO_ETCD), ...lines], draft);
  return lines.length === 0 ? draft : below(lines, draft);
}

/** `topology.pools` */
export function poolsDraft({ listing, sets }: Pick<Seen, 'listing' | 'sets'>): Draft {
  const { pools, others } = poolsOf(listing.objects['v1/Node']);
  const autoscaled = sets.some(({ containers }) =>
    containers.some(({ image }) => AUTOSCALER.test(imageName(image))),
  );
  const isResized = ({ labels }: FoundPool): boolean =>
    autoscaled || Object.keys(labels).some((key) => RESIZED.includes(key));
  const drafts = pools.map((pool) =>
    // A range where something resizes the pool, which still holds tomorrow.
    poolDraft(pool, isResized(pool) ? { min: 0, max: MOST_NODES } : pool.nodes.length),
  );
  const lines = [
    ...withoutControlPlane(listing),
    ...(pools.every(isResized) ? [] : [SIZES]),
    ...(pools.some(isResized) ? [RANGES] : []),
  ];
  if (others.length === 0) return below(lines, drafts);
  const some = atMost(others, 5).join(', ');
  return below(
    [
      ...lines,
      open(
        `no label tells the pool of ${others.length} nodes (${some}): label them, or declare them in nodes.others`,
      ),
    ],
    drafts,
  );
}

/** Why no node of a control plane is drafted; empty where one is. */
function withoutControlPlane({ objects, refused }: Listing): string[] {
  if (refused.has('v1/Node')) return [UNSEEN];
  return objects['v1/Node'].some((node) => controlLabel(node) !== undefined) ? [] : [HIDDEN];
}

const HIDDEN =
  'No node of a control plane is among them, as where a provider hides it: controlPlane is left out.';
const UNSEEN = 'Nodes were not seen: pools and controlPlane are left out.';
const SIZES =
  'A single count is that of now: where an autoscaler resizes a pool, write count: { min: 1, max: 9 }.';
const RANGES = `An autoscaler resizes a pool with a range, or may: write its own least and most in place of 0 and ${MOST_NODES} (the most nodes of a cluster).`;

function poolDraft({ name, labels, without, nodes }: FoundPool, count: Draft): Draft {
  const taints = taintsOf(nodes);
  const types = [...new Set(nodes.flatMap((node) => labelsOf(node)[INSTANCE] ?? []))].sort();
  const devices = [
    ...new Set(nodes.flatMap((node) => [...devicesIn(node.status.allocatable)].map(deviceText))),
  ];
  const about = [types.join(', '), devices.join(', ')].filter((text) => text !== '').join('; ');
  const lines = [
    ...(about === '' ? [] : [about]),
    ...(taints.differ.length === 0
      ? []
      : [open(`not every node has the taints ${taints.differ.join(', ')}: are these two pools?`)]),
  ];
  const draft: DraftMap = {
    name,
    count,
    labels,
    ...(without.length > 0 && { withoutLabels: without }),
    ...(taints.all.length > 0 && { taints: taints.all.map((taint) => ({ ...taint })) }),
  };
  return lines.length === 0 ? draft : below(lines, draft);
}

function deviceText([name, count]: [string, number]): string {
  return `${name}: ${count} a node`;
}

interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/** Taints that every node of a pool has, and keys of those that only some have; not those that come and go. */
function taintsOf(nodes: readonly NodeObject[]): { all: Taint[]; differ: string[] } {
  const texts = nodes.map((node) => lastingTaints(node).map((taint) => JSON.stringify(taint)));
  const every = [...new Set(texts.flat())].sort();
  const shared = every.filter((text) => texts.every((own) => own.includes(text)));
  return {
    all: shared.map((text) => JSON.parse(text) as Taint),
    differ: every.filter((text) => !shared.includes(text)).map((text) => (JSON.parse(text) as Taint).key),
  };
}

function lastingTaints({ spec }: NodeObject): Taint[] {
  return (spec.taints ?? [])
    .filter(({ key }) => !key.startsWith(OWN_TAINTS) && !matchesAny(PASSING_TAINTS, key))
    .map(({ key, value, effect }) => ({
      key,
      ...(value !== undefined && value !== '' && { value }),
      effect,
    }));
}

interface ObjectName {
  namespace: string;
  name: string;
}

/** The section `gpu`; undefined where no node offers devices. */
export function gpuDraft(
  listing: Listing,
  plugins: readonly ObjectName[],
  workloads: readonly SeenWorkload[],
): Draft | undefined {
  const { pools } = poolsOf(listing.objects['v1/Node']);
  const offers = pools.flatMap(({ name, nodes }) =>
    [...new Set(nodes.flatMap((node) => [...devicesIn(node.status.allocatable).keys()]))].map((resource) => ({
      resource,
      pool: name,
      counts: nodes.map((node) => devicesIn(node.status.allocatable).get(resource) ?? 0),
    })),
  );
  const [first] = offers;
  if (first === undefined) return undefined;
  const { resource, pool, counts } = first;
  const shared = resource.endsWith('.shared');
  const runtimeClass = runtimeClassIn(workloads, resource);
  const draft: DraftMap = {
    resource,
    pool,
    devicesPerNode: Math.max(1, Math.min(...counts)),
    ...(shared && { sharedBy: todo(2, 'containers that share a device: the configuration of the plugin') }),
    plugin: pluginDraft(plugins),
    ...(runtimeClass !== undefined && { runtimeClass }),
    image: commentedOut(
      [open('an image with busybox for canaries of gpu/…')],
      'registry.example.com/tools/busybox:1.37',
    ),
  };
  const equal = new Set(counts).size === 1 && offers.length === 1 && !shared;
  if (equal) return draft;
  const found = offers.map(
    (one) => `${one.resource} in pool ${one.pool}: ${[...new Set(one.counts)].join(' or ')} a node`,
  );
  return commentedOut([open('the devices are not alike on all nodes, or shared; found:'), ...found], draft);
}

/** Commented out where several DaemonSets may be it. */
function pluginDraft(found: readonly ObjectName[]): Draft | undefined {
  const [first, ...others] = found.map(({ namespace, name }) => ({ namespace, name }));
  if (first === undefined || others.length === 0) return first;
  const names = found.map(({ namespace, name }) => `${namespace}/${name}`);
  return commentedOut([open(`which is the device plugin of this resource: ${names.join(', ')}`)], first);
}

/** The RuntimeClass with which workloads ask for these devices; undefined: none of them names one. */
function runtimeClassIn(workloads: readonly SeenWorkload[], resource: string): string | undefined {
  const asking = workloads.filter(({ set }) =>
    set.containers.some(({ resources }) => devicesIn(resources?.limits).has(resource)),
  );
  return asking
    .map(({ object }) => object.spec.template.spec.runtimeClassName)
    .find((name) => name !== undefined);
}
