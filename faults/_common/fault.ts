import type { LandedBy } from '../../reports/record/observations/failover.ts';
import type { NewSeen } from '../../reports/record/observations/index.ts';
import type { FaultInverse } from './inverse.ts';

export type { FaultInverse } from './inverse.ts';

/** Names of the faults that checks and environment files may name: the file of each adds its own. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it is what others merge into
export interface FaultNames {}

export type FaultName = keyof FaultNames;

/** What became of a fault: whom it hit, and when it is proved to have been in force. */
export interface FaultResult {
  target: string;
  /** CLOCK_MONOTONIC ms at which it was in force; null when it did not land, and `proof` says why. */
  landedAtMs: number | null;
  proof: string;
  /** It lasts until it is undone: a frozen process does not thaw by itself. */
  lasting?: boolean;
}

/** A planned change of leader, as the store carried it out. */
export interface Switchover {
  from: string;
  to: string;
  /** What the store answered, for the proof. */
  detail: string;
}

/** A member of the store that is to be hurt. */
export interface FaultMember {
  /** Its pod's name. */
  name: string;
  uid: string;
  /** null while it is not placed. */
  node: string | null;
  ip?: string | null;
  /** Running containers: name → id as in the pod's status. */
  containers?: Readonly<Record<string, string>>;
}

/** One request to the API server, as `runner/safety` makes it: JSON in and out, over connections of its own. */
export type FaultKubeCall = (request: {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  body?: unknown;
  contentType?: string;
  timeoutMs: number;
}) => Promise<{ status: number; body: unknown }>;

/** The guarded way to act: checks, ledger and timers come before `act`. */
export type Perform = (mutation: {
  check: string;
  title: string;
  access: 'fault';
  fault: string;
  inverses: FaultInverse[];
  endsWithinMs?: number;
  act(): Promise<void>;
}) => Promise<void>;

/** When a fault was in force, and why that is sure. CLOCK_MONOTONIC ms. */
export interface Landing {
  /** It was not yet in force then. */
  lastBeforeMs: number;
  landedMs: number;
  /** The kind of proof, in three words. */
  by: LandedBy;
  proof: string;
}

/** What a fault will do to one member. Nothing has been done yet. */
export interface Prepared {
  member: FaultMember;
  /** What is there to be hurt: processes, a cgroup, addresses; for people. */
  found: string;
  /** In the order of the actions; undone in reverse. */
  inverses: FaultInverse[];
  /**
   * Does it, calls `acted` when it is done and before it is proved, and returns the proof; or a sentence when it did not take effect.
   */
  act(acted: (did: string) => void): Promise<Landing | string>;
  /** When `act` is over at the latest, ms, where that is longer than half a minute: nothing is undone in the middle of it. */
  endsWithinMs?: number;
}

/** `reason`: why it cannot be done to this member. */
export type Preparation = Prepared | { reason: string };

/** A direction that is to be cut: another address, and there only these ports where they are given. */
export interface Cut {
  name: string;
  address: string;
  ports?: readonly number[];
}

/**
 * What faults do to a member from its node. One injector acts on this machine, which holds the nodes of the embedded environment; the other
 * acts through a privileged pod on the node.
 */
export interface FaultInjector {
  crash(member: FaultMember): Promise<Preparation>;
  /** Freezes the cgroup of one container. */
  freeze(member: FaultMember, container: string): Promise<Preparation>;
  /** Drops packets in the member's network namespace; `table` names the packet filter's table. */
  cut(member: FaultMember, cuts: readonly Cut[], table: string): Promise<Preparation>;
  /** Drops the node's packets, then ends everything on it. */
  loseNode(member: FaultMember): Promise<Preparation>;
}

/** What of an environment decides which faults can be injected. */
export interface FaultSurroundings {
  /** The embedded environment, whose nodes this machine holds. */
  embedded?: string | undefined;
  /** Image of the privileged pod, where the environment declares one. */
  nodeImage?: string | undefined;
  /** Whether the environment declares how a node's power is switched. */
  power?: boolean | undefined;
}

/** What a fault says of itself. */
export type FaultSeen = NewSeen<
  'fault-armed' | 'fault-acted' | 'fault-landed' | 'fault-missed' | 'replicas-cut'
>;

export interface FaultContext {
  check: string;
  store: string;
  /** `leader`, `replica`, `random`, `majority`, `master`, or the name of a pod. A name that no member has lands nowhere. */
  target: string;
  namespace: string;
  statefulSet: string;
  /** The container that holds the server. */
  container: string;
  /** Leads the data of the canary, by the store's own word; null when nobody does. */
  leader: string | null;
  /** Leads the cluster, where that is another role; undefined: the store has none. */
  master?: string | null | undefined;
  members: readonly FaultMember[];
  /** Pods besides the members that belong to the store's own cluster, such as its sentinels. */
  otherPeers?: readonly FaultMember[];
  /** What a partition cuts the member off from besides its peers. */
  also: readonly 'api'[];
  injector: FaultInjector;
  /** Orders a planned change of leader; null: the store's driver knows none. */
  switchover: ((from: string) => Promise<Switchover>) | null;
  kube: FaultKubeCall;
  perform: Perform;
  /** Undoes now what was done for this check so far; for faults that undo a part of themselves. */
  restore(): Promise<unknown>;
  /** Appends to the trial's `faults.ndjson`. */
  write: (observation: FaultSeen) => void;
  /** Named time-outs of the environment. */
  timeoutMs(name: string): number;
  signal: AbortSignal;
}

/** Something that is done to a member, and the proof by its cause alone that it was done. One file each, found by `faults/index.ts`. */
export interface Fault {
  id: string;
  /** Its place in lists: the lower the earlier. */
  order: number;
  /** What is done. */
  title: string;
  /** The same of a leader, as checks are titled. */
  ofLeader: string;
  /** No check and no environment file may name it. */
  forControlsOnly?: true;
  /** Whether what it did ends by itself: a pod starts again, a frozen one does not thaw. */
  heals: boolean;
  /** Any pod can be hit; false: it means something among the members of a store only. */
  anyPod: boolean;
  /** Only another member can answer it: a store of one member is spared. */
  needsAnother: boolean;
  /** It takes a whole node, and all that is on it. */
  takesNode?: true;
  /** It is the leader's and nobody else's. */
  leaderOnly?: true;
  /** What it can cut a member off from besides its peers. */
  also?: readonly 'api'[];
  /** Seconds until writes must succeed again, for a store that states no goal of its own; undefined: then there is no such check. */
  usualSeconds?: number;
  /** Why it cannot be done in this environment; null: it can. */
  refusal: (environment: FaultSurroundings) => string | null;
  inject: (ctx: FaultContext) => Promise<FaultResult>;
}

/** The fault did not land: said in the history, so that the judge says `inconclusive`. */
export function missed(ctx: FaultContext, target: string, reason: string, t: number): FaultResult {
  ctx.write({ kind: 'fault-missed', t, reason });
  return { target, landedAtMs: null, proof: reason };
}
