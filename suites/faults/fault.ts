import type { InstanceName } from '../../env/local/nodes/index.ts';
import type { FaultResult } from '../harness/protocol.ts';

export type { FaultResult } from '../harness/protocol.ts';

/** A member of the store that is to be hurt. */
export interface FaultMember {
  /** Its pod's name. */
  name: string;
  uid: string;
  /** null while it is not placed. */
  node: string | null;
  ip?: string | null;
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
  act(): Promise<void>;
}) => Promise<void>;

/** Inverses that faults need; the ledger knows more. */
export type FaultInverse =
  { kind: 'thaw'; cgroup: string } | { kind: 'packet-filter'; pid: number; startTime: string; table: string };

export interface FaultContext {
  check: string;
  store: string;
  /** `leader`, `replica`, `random`, or the name of a pod. A name that no member has lands nowhere. */
  target: string;
  /** Set where this machine is the environment, so that nodes may be acted on. */
  embedded: InstanceName | undefined;
  namespace: string;
  statefulSet: string;
  /** The store's own word on who leads now; null when nobody does. */
  leader: string | null;
  members: readonly FaultMember[];
  kube: FaultKubeCall;
  perform: Perform;
  /** Undoes now what was done for this check so far; for faults that undo a part of themselves. */
  restore(): Promise<unknown>;
  /** Appends to the trial's `faults.ndjson`. */
  write: (observation: { kind: string; t: number } & Record<string, unknown>) => void;
  /** Named time-outs of the environment. */
  timeoutMs(name: string): number;
  settings: Readonly<Record<string, unknown>>;
  signal: AbortSignal;
}

/** Something that is done to a store, and the proof by its cause alone that it was done. */
export interface Fault {
  id: string;
  title: string;
  /** Why it cannot be done in this environment; null: it can. */
  refusal: (environment: { embedded?: InstanceName | undefined }) => string | null;
  inject: (ctx: FaultContext) => Promise<FaultResult>;
}

/** The fault did not land: said in the history, so that the judge says `inconclusive`. */
export function missed(ctx: FaultContext, target: string, reason: string, t: number): FaultResult {
  ctx.write({ kind: 'fault-missed', t, reason });
  return { target, landedAtMs: null, proof: reason };
}
