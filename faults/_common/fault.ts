import type { FaultFacts } from '../../reports/record/facts/fault-facts.ts';
import type { Hit, LandedBy } from '../../reports/record/observations/failover.ts';
import type { NewSeen } from '../../reports/record/observations/index.ts';
import type { FaultRollback } from './rollback.ts';
import type { Right } from './right.ts';

export type { FaultRollback } from './rollback.ts';

/** Names of the faults that checks and environment files may name. Each fault's own file adds its name. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it is what others merge into
export interface FaultNames {}

export type FaultName = keyof FaultNames;

/** Outcome of a fault: which members it hit, and when it is proved to have been in force. */
export interface FaultResult {
  target: string;
  /** CLOCK_MONOTONIC ms at which it was in force; null when it did not land, and `proof` says why. */
  landedAtMs: number | null;
  proof: string;
  /** The fault stays in force until it is undone: a frozen process does not thaw by itself. */
  lasting?: boolean;
  /** Nothing was done to anything, since clients were not served steadily: the trial has no fault. */
  untouched?: boolean;
}

/** A planned change of leader, as the store carried it out. */
export interface Switchover {
  from: string;
  to: string;
  /** What the store answered, for the proof. */
  detail: string;
}

/** A member of the store, or another pod, that a fault can hit. */
export interface FaultMember {
  /** Its pod's name. */
  name: string;
  uid: string;
  /** null while the pod is not scheduled. */
  node: string | null;
  ip?: string | null;
  /** All of its addresses, where there may be one of each family. */
  ips?: readonly string[];
  /** It has no network of its own, but that of its node. */
  hostNetwork?: boolean;
  /** Running containers: name → id as in the pod's status. */
  containers?: Readonly<Record<string, string>>;
}

/** One request to the API server, JSON in and out. `runner/safety` implements it, over its own connections. */
export type FaultKubeCall = (request: {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  body?: unknown;
  contentType?: string;
  timeoutMs: number;
}) => Promise<{ status: number; body: unknown }>;

/** Runs `act` only after the guard's checks passed, the rollback is in the rollback journal and its timer is armed. */
export type Perform = (mutation: {
  check: string;
  title: string;
  access: 'fault';
  fault: string;
  rollbacks: FaultRollback[];
  endsWithinMs?: number;
  act(): Promise<void>;
}) => Promise<void>;

/** From when a fault was in force, and the proof of it. CLOCK_MONOTONIC ms. */
export interface Landing {
  /** The last instant at which the fault was certainly not in force yet. */
  lastBeforeMs: number;
  landedMs: number;
  /** The kind of proof. */
  by: LandedBy;
  /** For people. */
  proof: string;
  /** For judges: they hold it against what was found when arming. */
  hit: Hit;
}

/** The pod that is acted on, and what of it. */
export function hitOf({ uid, node }: FaultMember, of: Pick<Hit, 'container' | 'processes'> = {}): Hit {
  return { uid, node, ...of };
}

/** What a fault will do to one member. Nothing has been done yet. */
export interface Prepared {
  member: FaultMember;
  /** What the fault will act on (processes, a cgroup, addresses), for people to read. */
  found: string;
  /** The same for judges; left out: neither a container nor processes. */
  of?: Pick<Hit, 'container' | 'processes'>;
  /** In the order of the actions; undone in reverse. */
  rollbacks: FaultRollback[];
  /**
   * Carries the fault out. Calls `acted` after the action and before the proof. Returns the proof, or a sentence that says why the
   * fault did not take effect.
   */
  act(acted: (did: string) => void): Promise<Landing | string>;
  /** Longest duration of `act`, ms, where it exceeds half a minute. The rollback waits for it, so that it never runs in the middle of `act`. */
  endsWithinMs?: number;
}

/** `reason`: why the fault cannot be injected into this member. */
export type Preparation = Prepared | { reason: string };

/** One peer to cut a member off from: its address, and where `ports` are given, only those ports. */
export interface Cut {
  name: string;
  address: string;
  ports?: readonly number[];
  /** Of a Service: the addresses of all servers behind it, each of which is cut off too. */
  behind?: readonly string[];
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

/** The properties of an environment that decide which faults can be injected. */
export interface FaultSurroundings {
  /** The embedded environment, whose nodes this machine holds. */
  embedded?: string | undefined;
  /** Image of the privileged pod, where the environment declares one. */
  nodeImage?: string | undefined;
  /** Whether the environment declares how a node's power is switched. */
  power?: boolean | undefined;
}

/** The observations that a fault records. */
export type FaultSeen = NewSeen<
  'fault-armed' | 'fault-acted' | 'fault-landed' | 'fault-missed' | 'replicas-cut'
>;

export interface FaultContext {
  check: string;
  store: string;
  /** `leader`, `replica`, `random`, `majority`, `master`, or the name of a pod. A fault on a pod that is no member does not land. */
  target: string;
  namespace: string;
  /** The container that runs the server; null: not declared, so that it is the only one of its pod. */
  container: string | null;
  /** The member that leads the canary's data, as the store reports it; null when there is no leader. */
  leader: string | null;
  /** The member that leads the cluster, where the store has a separate role for it; undefined: the store has no such role. */
  master?: string | null | undefined;
  members: readonly FaultMember[];
  /** Names of the members with a copy of the canary's data, from which replicas and majorities are taken; undefined: every member has one. */
  holders?: readonly string[] | undefined;
  /** Pods besides the members that belong to the store's own cluster, such as its sentinels. */
  otherPeers?: readonly FaultMember[];
  /** What a partition cuts the member off from besides its peers. */
  also: readonly 'api'[];
  injector: FaultInjector;
  /** Orders a planned change of leader; null: the store's driver knows none. */
  switchover: ((from: string) => Promise<Switchover>) | null;
  kube: FaultKubeCall;
  perform: Perform;
  /**
   * Waits, for a bounded time, until clients are served as before the preparation: pods that start for a fault take cores from the members beside
   * them. Reads that still fail after it are for the judge. @returns why writes are not steady; null: they are, or nobody writes
   */
  calm(): Promise<string | null>;
  /** Undoes now everything that was done for this check so far; for faults that undo a part of themselves. */
  restore(): Promise<unknown>;
  /** Appends to the trial's `faults.ndjson`. */
  write: (observation: FaultSeen) => void;
  /** Named time-outs of the environment. */
  timeoutMs(name: string): number;
  signal: AbortSignal;
}

/** An action on a member, and the proof, from its cause alone, that it was carried out. One file each, found by `faults/index.ts`. */
export interface Fault extends FaultFacts {
  id: string;
  /** Its place in lists: the lower the earlier. */
  order: number;
  /** What is done. */
  title: string;
  /** The title where the target is the leader, for the titles of checks. */
  ofLeader: string;
  /** No check and no environment file may name it. */
  forControlsOnly?: true;
  /** Whether it can hit any pod; false: only members of a store. */
  anyPod: boolean;
  /** Recovery needs another member, so the fault is not injected into a store of one member. */
  needsAnother: boolean;
  /** It can be aimed at the leader only. */
  leaderOnly?: true;
  /** What it can cut a member off from besides its peers. */
  also?: readonly 'api'[];
  /** Seconds until writes must succeed again, for a store without a goal of its own; undefined: such a store gets no check. */
  usualSeconds?: number;
  /** The rights that it needs from the API server outside embedded environments, where no injector acts on this machine. */
  rights: readonly Right[];
  /** Why the fault cannot be injected in this environment; null: it can. */
  refusal: (environment: FaultSurroundings) => string | null;
  inject: (ctx: FaultContext) => Promise<FaultResult>;
}

/** A fault that would be added to what fails already. @param unrest what does */
export function untouched(target: string, unrest: string): FaultResult {
  const proof = `clients were not served steadily before the fault: ${unrest}`;
  return { target, landedAtMs: null, proof, untouched: true };
}

/** Records that the fault did not land; the judge then says `inconclusive`. */
export function missed(ctx: FaultContext, target: string, reason: string, t: number): FaultResult {
  ctx.write({ kind: 'fault-missed', t, reason });
  return { target, landedAtMs: null, proof: reason };
}
