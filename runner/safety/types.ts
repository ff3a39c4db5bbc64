import type { ProviderRollback } from '../../env/providers/declaring.ts';
import type { UndoResult } from '../../env/providers/provider.ts';
import type { LlmBehaviour } from '../../env/schema.ts';
import type { ProcessId } from '../../host/process-identity.ts';
import type { NodePower } from '../../faults/_common/rollback.ts';
import type { KubeRollback } from './timers/undo-kube.ts';

export type { KubeCall, KubeRollback, KubeReply, KubeRequest } from './timers/undo-kube.ts';

/** What a change is for: a check's canary, a drill's fault, a control's break. */
export type Access = 'canary' | 'fault' | 'control';

/**
 * How one thing that was done to a machine is undone: data only, so that another process can do it later. Each acts by
 * compare-and-set or is idempotent: doing it twice, or after someone else did, changes nothing.
 */
export type NodeRollback =
  | { kind: 'thaw'; cgroup: string }
  /** The manifest of a static pod goes back from `to`, where it was moved aside, to `from`, where kubelet reads it. */
  | { kind: 'static-pod'; from: string; to: string }
  /** `route`: arguments of `ip -n NETNS route replace`. */
  | { kind: 'route'; netns: string; route: string[] }
  /**
   * The power of a node. Undone once `state` keeps reporting that it is on: an earlier order to switch it off may still be in flight. Void
   * once it cannot be switched on, is not said to be off, and the cluster has no such Node any more. The mirror holds only the node's name:
   * another machine uses the commands of its own environment file.
   */
  | { kind: 'node-power'; node: string; commands: NodePower }
  /** Restores the file `before` (null: there was none), but only while it has `afterSha256` (null: it was removed). */
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
   * The language model's stand-in returns to its behaviour at rest; a restarted pod of it does so by itself. `embedded`: it runs on this
   * machine, so a reboot ends it; elsewhere it keeps running.
   */
  | { kind: 'stand-in'; url: string; rest: LlmBehaviour; embedded?: boolean }
  /** Kinds that only the environment's provider can undo. */
  | ProviderRollback;

export type Rollback = KubeRollback | NodeRollback;

/** `failed` is tried again by the next restore; `void` cannot be undone any more, and says why in its note. */
export type EntryState = 'pending' | 'done' | 'failed' | 'void';

/** One action and its rollback, as the journal keeps it. */
export type Entry = {
  readonly seq: number;
  /** Unique over all journals: identifies the entry in the mirror. */
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
  /** CLOCK_MONOTONIC of boot `bootId`, ms: from then on the timers undo it, even if the run is alive. */
  readonly dueMs: number;
  /** The same as a duration, ms, for the undo Job: counted by its own clock from when it first sees the entry. */
  readonly dueAfterMs: number;
  /** Time of recording, ISO 8601: for people, and across reboots. */
  readonly at: string;
  /** The original holder, if `plumbline restore` took the entry over from another machine. While it is open, no run begins. */
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

/** Nothing was left to be put back. */
export const NOTHING: RestoreReport = { actions: 0, undone: [], failed: [], conflicts: [] };

export type { UndoResult };

/** True for rollbacks that go through the API server; the others are done on the host. */
export function isKubeRollback(rollback: Rollback): rollback is KubeRollback {
  return rollback.kind.startsWith('kube-');
}
