import type { ProviderRollback } from '../../env/providers/declaring.ts';
import type { UndoResult } from '../../env/providers/provider.ts';
import type { LlmBehaviour } from '../../env/schema.ts';
import type { ProcessId } from '../../host/process-identity.ts';
import type { NodePower } from '../../faults/_common/rollback.ts';
import type { KubeRollback } from './timers/undo-kube.ts';

export type { KubeCall, KubeRollback, KubeReply, KubeRequest } from './timers/undo-kube.ts';

/** Who may ask: canaries of checks, faults of drills, breaks of controls. */
export type Access = 'canary' | 'fault' | 'control';

/**
 * How one thing that was done to a machine is undone: data only, so that another process can do it later. Each acts by
 * compare-and-set or is idempotent: doing it twice, or after someone else did, changes nothing.
 */
export type NodeRollback =
  | { kind: 'thaw'; cgroup: string }
  /** The manifest of a static pod goes back from `to`, where it was moved aside, to `from`, where kubelet reads it. */
  | { kind: 'static-pod'; from: string; to: string }
  /** Words after `ip -n NETNS route replace`. */
  | { kind: 'route'; netns: string; route: string[] }
  /**
   * The power of a node. Over only when `state` goes on printing that it is on: an order to switch it off may still be under way. The
   * mirror names the node alone: another machine gives it its power with the commands of its own environment file.
   */
  | { kind: 'node-power'; node: string; commands: NodePower }
  /** The same, as earlier versions wrote it: what their journals hold is still undone. */
  | {
      kind: 'command';
      argv: string[];
      until: { argv: string[]; includes: string; excludes: string };
      timeoutMs: number;
    }
  /** A file as it was (null: it did not exist); only while it holds what was written (null: it was removed). */
  | {
      kind: 'file';
      path: string;
      before: string | null;
      afterSha256: string | null;
      mode?: number;
      then?: string[];
    }
  /** A packet filter's table in the network namespace of a process; the namespace ends with its processes. */
  | { kind: 'packet-filter'; pid: number; startTime: string; table: string }
  /**
   * What stands in for a language model does again what it does at rest; a pod of it that was started again does so by itself. `embedded`: it runs
   * on this machine, and ends with it; elsewhere it goes on while this machine is started again.
   */
  | { kind: 'stand-in'; url: string; rest: LlmBehaviour; embedded?: boolean }
  /** What the provider of the environment alone can undo. */
  | ProviderRollback;

export type Rollback = KubeRollback | NodeRollback;

/** `failed` is tried again by the next restore; `void` cannot be undone any more, and says why in its note. */
export type EntryState = 'pending' | 'done' | 'failed' | 'void';

/** One action and its rollback, as the journal keeps it. */
export type Entry = {
  readonly seq: number;
  /** Unique over all journals: the objects that the action creates carry it. */
  readonly id: string;
  readonly check: string;
  readonly title: string;
  readonly access: Access;
  readonly rollback: Rollback;
  /** kube-system's UID: in another cluster the entry means nothing. */
  readonly clusterUid: string;
  readonly bootId: string;
  readonly holder: ProcessId;
  readonly runId: string;
  /** CLOCK_MONOTONIC ms of `bootId` at which the timers undo it, whoever lives. */
  readonly dueMs: number;
  /** The same as a length, ms, for timers elsewhere: each counts it by its own clock, from when it first sees the entry. */
  readonly dueAfterMs: number;
  /** ISO 8601, for people and for another boot. */
  readonly at: string;
  /** Who had done it, where `plumbline restore` took its undo over from another machine: no plain run goes on with that. */
  readonly takenFrom?: string;
  readonly state: EntryState;
  readonly note?: string;
};

/**
 * What a restore did. `failed` holds sentences; `conflicts` those of them that nobody tries again, since somebody else has
 * changed what we had changed.
 */
export type RestoreReport = {
  readonly actions: number;
  readonly undone: string[];
  readonly failed: string[];
  readonly conflicts: string[];
};

export type { UndoResult };

/** True for rollbacks that go through the API server; the others are done on the host. */
export function isKubeRollback(rollback: Rollback): rollback is KubeRollback {
  return rollback.kind.startsWith('kube-');
}
