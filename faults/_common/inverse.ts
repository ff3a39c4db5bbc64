import type { InstanceName } from '../../host/paths.ts';

/** How the power of one node is given back from this machine: its environment file's own commands, with the node's name in them. */
export interface NodePower {
  on: string[];
  state: string[];
  isOn: string;
  isOff: string;
  /** How long each of them may take, ms. */
  timeoutMs: number;
}

/** Inverses that faults need, as `runner/safety` undoes them; the ledger knows more. */
export type FaultInverse =
  | { kind: 'thaw'; cgroup: string }
  | { kind: 'packet-filter'; pid: number; startTime: string; table: string }
  | { kind: 'link-up'; instance: InstanceName; link: string }
  | { kind: 'node-start'; instance: InstanceName; node: string; size: 'small' | 'full'; binDir: string }
  /** The power of a node. Another machine that undoes it uses the commands of its own environment file. */
  | { kind: 'node-power'; node: string; commands: NodePower }
  | { kind: 'kube-end'; path: string; mark: string };
