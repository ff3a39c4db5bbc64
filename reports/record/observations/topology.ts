import { z } from 'zod';
import { kinds } from './kinds.ts';

/** Why a store could not be asked, or is down: the words of probes/asking.ts. */
const cannotAsk = z.enum(['route', 'tls', 'credentials', 'protocol', 'manager']);
const down = z.enum(['refuses', 'silent', 'absent']);

const taint = z.strictObject({ key: z.string(), value: z.string().nullable(), effect: z.string() });

/** Requests or limits of a container; null: not set. */
const quantities = z.strictObject({ cpu: z.string().nullable(), memory: z.string().nullable() });

/** What a repeated question to one address brought: `asked` more requests after the first answer, of which `lost` were not answered. */
const reached = { from: z.string(), ok: z.boolean(), asked: z.int(), lost: z.int(), detail: z.string() };

const NODES = kinds({
  /** The names of all nodes at one look. Whatever is recorded of nodes is held against this. */
  nodes: { names: z.array(z.string()), count: z.int() },
  /** One of every node, whether a pool has it or not. */
  node: {
    name: z.string(),
    /** Those that the declared pools ask for. */
    labels: z.record(z.string(), z.string()),
    /** Null for a node of no pool: nobody declared its taints. Without those that Kubernetes itself sets. */
    taints: z.array(taint).nullable(),
    ready: z.boolean(),
    unschedulable: z.boolean(),
    pressure: z.array(z.string()),
  },
});

const CLUSTER = kinds({
  'api-version': { version: z.string() },
  /** `address` is the node's internal one. */
  kubelet: { node: z.string(), version: z.string(), address: z.string().nullable() },
  /** An API server that runs as a pod. */
  'api-pod': { node: z.string(), address: z.string() },
  /** `t` is the time of the handshake. Times and `daysLeft` are null where there was no handshake. */
  certificate: {
    subject: z.string(),
    address: z.string(),
    /** ISO 8601. */
    validTo: z.string().nullable(),
    /** Whether its time has begun. */
    begun: z.boolean().nullable(),
    daysLeft: z.number().nullable(),
    /** Whether an authority that is trusted here signed it; null where none is declared for it. */
    chainOk: z.boolean().nullable(),
    /** Whether it was made out for the name by which clients call; null where none is declared for it. */
    nameOk: z.boolean().nullable(),
    detail: z.string(),
  },
  'control-node': { name: z.string(), ready: z.boolean() },
  'etcd-member': {
    id: z.string(),
    name: z.string(),
    learner: z.boolean(),
    healthy: z.boolean(),
    /** The id of the member that it takes for the leader; null: of none. */
    leader: z.string().nullable(),
    /** Whether it takes itself for the leader. */
    leads: z.boolean(),
    error: z.string(),
  },
  /** An API server asked by itself, before all outages and after its own. */
  'api-server': {
    node: z.string(),
    address: z.string(),
    when: z.enum(['before', 'again']),
    ok: z.boolean(),
    detail: z.string(),
  },
  'server-down': { node: z.string(), proved: z.boolean(), detail: z.string() },
  'server-start': { node: z.string() },
  /** A request to the clients' address, numbered from 1; `t` is the time of its answer. */
  'api-request': { n: z.int(), sentMs: z.number(), ok: z.boolean(), detail: z.string() },
  /** All requests to the clients' address together. */
  'api-requests': { sent: z.int(), answered: z.int() },
  /** `when`: `before`, a node whose server was down before this look, or `after`; null in a trial, whose stages say it. */
  'store-leader': { store: z.string(), when: z.string().nullable(), leader: z.string() },
});

const NETWORK = kinds({
  /** The nodes between which it is asked: all of them, or a sample. */
  'reach-plan': { nodes: z.array(z.string()) },
  /** `firstMs`: until the first answer. */
  'reach-pair': { ...reached, to: z.string(), firstMs: z.number() },
  'reach-service': reached,
  'reach-dns': reached,
  /** A pod that did not start, or could not be asked. */
  'reach-silent': { node: z.string(), reason: z.string() },
  'cni-daemonset': { ready: z.int(), wanted: z.int() },
  /** The address that the plugin gave to our own pod on a node. */
  'pod-address': { node: z.string(), ip: z.string(), podCidrs: z.array(z.string()) },
});

const STORAGE = kinds({
  /** A workload that holds data is there; `mounts` counts what is mounted at, above or below its data. */
  'data-workload': { workload: z.string(), mounts: z.int() },
  /** Where the server of a member says that it keeps its data. */
  'data-folder': { store: z.string(), member: z.string(), path: z.string() },
  /** The server of a member did not say where it keeps its data. */
  'data-folder-unsaid': { store: z.string(), member: z.string(), reason: z.string() },
  'data-mount': {
    workload: z.string(),
    container: z.string(),
    path: z.string(),
    source: z.string(),
    /** Name of the claim; with `perReplica` that of its template. Null: no claim. */
    claim: z.string().nullable(),
    perReplica: z.boolean(),
  },
  /** Empty texts: it is not there, or has none. */
  claim: {
    workload: z.string(),
    name: z.string(),
    phase: z.string(),
    className: z.string(),
    volumeKind: z.string(),
  },
  'canary-written': { digest: z.string(), bytes: z.int() },
  'canary-read': { digest: z.string() },
  /** `api`: the API server refused or did not answer, which says nothing of volumes. */
  'canary-failed': { step: z.string(), cause: z.enum(['volume', 'api']), reason: z.string() },
  /** How many `setting` lines of a store follow. */
  settings: { store: z.string(), read: z.int() },
  /** A setting on which durability rests; `member` is null where the cluster has it as a whole. */
  setting: {
    store: z.string(),
    member: z.string().nullable(),
    name: z.string(),
    value: z.string(),
    source: z.string(),
  },
});

/** One container of a pod and its past. */
const containerLife = z.strictObject({
  name: z.string(),
  restarts: z.int(),
  /** When its last life but one ended, ISO 8601 and as its distance; null: never, or nobody knows any more. */
  endedAt: z.string().nullable(),
  endedAgoMs: z.number().nullable(),
  /** Why, as kubelet says, such as `OOMKilled` or `Error`. */
  why: z.string().nullable(),
});

const WORKLOADS = kinds({
  /** A declared namespace that is there. */
  namespace: { name: z.string() },
  /** What a declared workload wants and has; `pods` are those not on their way out. */
  replicas: {
    workload: z.string(),
    wanted: z.int(),
    ready: z.int(),
    updated: z.int(),
    /** Whether its controller has acted on its last change. */
    observed: z.boolean(),
    /** Whether its controller has given up on a rollout. */
    stuck: z.boolean(),
    pods: z.int(),
  },
  pod: {
    workload: z.string(),
    namespace: z.string(),
    name: z.string(),
    /** ISO 8601. */
    createdAt: z.string(),
    ageMs: z.number(),
    waiting: z.array(z.string()),
    restarts: z.int(),
    containers: z.array(containerLife),
  },
  /** Everything in the closed namespaces that runs pods, and how many lines of it there are. */
  owners: { found: z.int() },
  owner: { kindName: z.string(), namespace: z.string(), name: z.string(), pods: z.int() },
  /** What a store says of itself; how many lines of members and conditions follow. */
  described: { store: z.string(), leader: z.string().nullable(), members: z.int(), conditions: z.int() },
  member: { store: z.string(), name: z.string(), role: z.string(), state: z.string() },
  condition: {
    store: z.string(),
    name: z.string(),
    ok: z.boolean(),
    expected: z.string(),
    seen: z.string(),
  },
  'store-down': { store: z.string(), cause: down, reason: z.string() },
  'store-unasked': { store: z.string(), cause: cannotAsk, reason: z.string() },
  /** `refused` is null where it could not be asked. */
  'read-service': {
    store: z.string(),
    address: z.string(),
    refused: z.boolean().nullable(),
    detail: z.string(),
  },
  /** The containers of a workload's template, and how many pods it had; null where pods are not looked at. */
  template: {
    workload: z.string(),
    containers: z.array(z.string()),
    initContainers: z.array(z.string()),
    /** All of them. */
    count: z.int(),
    pods: z.int().nullable(),
  },
  'container-probes': {
    workload: z.string(),
    container: z.string(),
    init: z.boolean(),
    liveness: z.string().nullable(),
    readiness: z.string().nullable(),
  },
  'container-resources': {
    workload: z.string(),
    container: z.string(),
    init: z.boolean(),
    requests: quantities,
    limits: quantities,
    /** GPU devices; null where none are declared for the workload. */
    devices: z.number().nullable(),
  },
  'container-image': { workload: z.string(), container: z.string(), image: z.string() },
  /** Whether a node could pull the images of a pod. */
  pull: { workload: z.string(), pod: z.string(), troubles: z.array(z.string()) },
  placement: {
    workload: z.string(),
    pods: z.array(z.strictObject({ name: z.string(), node: z.string() })),
    /** How many pods these are. */
    count: z.int(),
    /** Which nodes these are, each once. */
    nodes: z.array(z.string()),
    /** The disruption budgets that select its pods. */
    budgets: z.array(z.string()),
  },
  /** Counts are null until the disruption controller has counted. */
  budget: {
    workload: z.string(),
    name: z.string(),
    expectedPods: z.int().nullable(),
    desiredHealthy: z.int().nullable(),
  },
});

const EDGE = kinds({
  'edge-answer': {
    url: z.string(),
    status: z.int(),
    markSent: z.string(),
    markSeen: z.string(),
    /** Those that hops are declared to leave, in lower case. */
    headers: z.record(z.string(), z.string()),
    authorized: z.boolean(),
    tlsError: z.string(),
    ms: z.number(),
  },
  'edge-failed': { url: z.string(), reason: z.string() },
});

export const TOPOLOGY = {
  ...NODES,
  ...CLUSTER,
  ...NETWORK,
  ...STORAGE,
  ...WORKLOADS,
  ...EDGE,
};
