import { z } from 'zod';
import { kinds } from './kinds.ts';

const taint = z.strictObject({ key: z.string(), value: z.string().nullable(), effect: z.string() });

/** Requests or limits of a container; null: not set. */
const quantities = z.strictObject({ cpu: z.string().nullable(), memory: z.string().nullable() });

/** Families of addresses. */
export const FAMILIES = ['IPv4', 'IPv6'] as const;

/** Repeated requests to one address: `asked` more after the first answer, of which `lost` were not answered. */
export const reached = {
  from: z.string(),
  ok: z.boolean(),
  asked: z.int(),
  lost: z.int(),
  detail: z.string(),
};

/** `bytes`: size of the page that was answered first; left out: nothing was answered. */
export const reachedPage = { ...reached, bytes: z.int().optional() };

const NODES = kinds({
  /**
   * The names of all nodes at one look, but those declared to be others' and those that are coming or going. Everything recorded of nodes
   * is compared with this list.
   */
  nodes: { names: z.array(z.string()) },
  /** A node that is coming or going, by the keys of its taints that say so: nothing else is recorded of it. */
  'node-passing': { node: z.string(), taints: z.array(z.string()) },
  /** How many nodes have the labels of an entry of `topology.nodes.others`, by those labels. Nothing else is recorded of them. */
  'nodes-of-others': { group: z.string(), nodes: z.int() },
  /** One of every node, whether a pool has it or not. */
  node: {
    name: z.string(),
    /** Those that the declared pools ask for, or do without. */
    labels: z.record(z.string(), z.string()),
    /** Null for a node of no pool: nobody declared its taints. Without those that Kubernetes itself sets. */
    taints: z.array(taint).nullable(),
    ready: z.boolean(),
    unschedulable: z.boolean(),
    pressure: z.array(z.string()),
  },
});

const CLUSTER = kinds({
  /** `address` is the node's internal one. */
  kubelet: {
    node: z.string(),
    version: z.string(),
    address: z.string().nullable(),
    /** It is a virtual kubelet by the label of its node, with versions of its own. */
    virtual: z.literal(true).optional(),
  },
  /** The Lease of a node that is Ready (`node NAME`), or of the scheduler or the controller manager, by its name. */
  lease: {
    of: z.string(),
    holder: z.string(),
    /** How long it lasts by its own word. */
    seconds: z.int(),
    /** Wall-clock ms, by the holder's clock; null: never, or not seen. */
    renewedAt: z.number().nullable(),
    /** The same at an earlier look; left out where one look was enough. */
    before: z.number().nullable().optional(),
    /** Why it was not seen; null: it was. */
    why: z.enum(['forbidden', 'missing', 'unanswered']).nullable(),
  },
  'etcd-member': {
    id: z.string(),
    name: z.string(),
    learner: z.boolean(),
    healthy: z.boolean(),
    /** Id of the member that this one considers the leader; null: none. */
    leader: z.string().nullable(),
    /** Whether it considers itself the leader. */
    leads: z.boolean(),
    error: z.string(),
  },
  /** `when`: `before`, `after`, or the node whose server was down before this look; null in a trial, whose stages say it. */
  'store-leader': { store: z.string(), when: z.string().nullable(), leader: z.string() },
});

const NETWORK = kinds({
  /** `firstMs`: until the first answer; `family`: of the address that was called, left out where it is the first of the pod there. */
  'reach-pair': { ...reachedPage, to: z.string(), firstMs: z.number(), family: z.enum(FAMILIES).optional() },
  /** A pod that did not start, or could not be asked. */
  'reach-silent': { node: z.string(), reason: z.string() },
  /**
   * NetworkPolicies that isolate the canaries, as `namespace/name`; only where one was not reached. `egress`: those of them that isolate what
   * canaries send; `ingress`: what they get; left out: all may. `unread`: why they could not be listed.
   */
  'canary-isolation': {
    policies: z.array(z.string()),
    egress: z.array(z.string()).optional(),
    ingress: z.array(z.string()).optional(),
    unread: z.string().optional(),
  },
});

/** One container of a pod and its past. */
const containerLife = z.strictObject({
  name: z.string(),
  restarts: z.int(),
  /** When its previous run ended, as ISO 8601; null: there was none, or it is no longer known. */
  endedAt: z.string().nullable(),
  /** Why, as kubelet says, such as `OOMKilled` or `Error`. */
  why: z.string().nullable(),
});

const WORKLOADS = kinds({
  /** A declared namespace that is there. */
  namespace: { name: z.string() },
  /** What a declared workload wants and has. */
  replicas: {
    workload: z.string(),
    wanted: z.int(),
    ready: z.int(),
    updated: z.int(),
    /** Whether its controller has acted on its last change. */
    observed: z.boolean(),
    /**
     * Whether pods of an earlier template are being replaced, or it was resized while it was looked at. False where pods are missing for
     * another reason: nobody makes them, or their node is lost.
     */
    rolling: z.boolean(),
    /** Whether its controller has given up on a rollout. */
    stuck: z.boolean(),
    /**
     * Of a StatefulSet: how many of its pods have an earlier template and may keep it, by its update strategy (OnDelete, or a partition). Without it:
     * none.
     */
    heldBack: z.int().positive().optional(),
  },
  /** A pod of a declared workload; none that is being deleted. */
  pod: {
    workload: z.string(),
    namespace: z.string(),
    name: z.string(),
    /** ISO 8601. */
    createdAt: z.string(),
    waiting: z.array(z.string()),
    containers: z.array(containerLife),
  },
  member: { store: z.string(), name: z.string(), role: z.string(), state: z.string() },
  /** `ok` null: whether it holds cannot be seen. */
  condition: {
    store: z.string(),
    name: z.string(),
    ok: z.boolean().nullable(),
    expected: z.string(),
    seen: z.string(),
  },
  /** The containers of a workload's template; `initContainers` run to their end before the others start. */
  template: {
    workload: z.string(),
    containers: z.array(z.string()),
    initContainers: z.array(z.string()),
  },
  'container-probes': {
    workload: z.string(),
    container: z.string(),
    liveness: z.string().nullable(),
    readiness: z.string().nullable(),
    /** How many it declares. */
    ports: z.int(),
  },
  'container-resources': {
    workload: z.string(),
    container: z.string(),
    requests: quantities,
    limits: quantities,
    /** GPU devices; null where none are declared for the workload. */
    devices: z.number().nullable(),
    /** It names ResourceClaims, of which no limit says how many devices they give; left out: it names none. */
    claims: z.literal(true).optional(),
  },
  'container-image': { workload: z.string(), container: z.string(), image: z.string() },
  /** Whether a node could pull the images of a pod. */
  pull: {
    workload: z.string(),
    pod: z.string(),
    /** Containers that wait for an image that could not be pulled, with kubelet's reason. */
    troubles: z.array(z.string()),
    /**
     * Each container of its spec, init containers too, and whether it has the id of an image: one that waits for its first start has none, whether
     * its image can be pulled or not.
     */
    images: z.array(z.strictObject({ container: z.string(), pulled: z.boolean() })),
  },
  /** Counts are null until the disruption controller has counted. */
  budget: {
    workload: z.string(),
    name: z.string(),
    expectedPods: z.int().nullable(),
    desiredHealthy: z.int().nullable(),
  },
});

const EDGE = kinds({});

export const TOPOLOGY = {
  ...NODES,
  ...CLUSTER,
  ...NETWORK,
  ...WORKLOADS,
  ...EDGE,
};
