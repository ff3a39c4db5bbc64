import type { ClusterSize, InstanceName } from '../../env/local/nodes/index.ts';

/** Inverses that faults need, as `runner/safety` undoes them; the ledger knows more. */
export type FaultInverse =
  | { kind: 'thaw'; cgroup: string }
  | { kind: 'packet-filter'; pid: number; startTime: string; table: string }
  | { kind: 'link-up'; instance: InstanceName; link: string }
  | { kind: 'node-start'; instance: InstanceName; node: string; size: ClusterSize; binDir: string }
  | {
      kind: 'command';
      argv: string[];
      until?: { argv: string[]; includes: string; excludes: string };
      timeoutMs?: number;
    }
  | { kind: 'kube-end'; path: string; mark: string };
