import type { InstanceName } from '../../host/paths.ts';

/** A node's machine, in the ways in which a command may name it. */
export interface Machine {
  node: string;
  /** `spec.providerID` of the Node object, such as `aws:///eu-central-1a/i-0abc`; null if it has none. */
  providerId: string | null;
}

/** How this machine switches a node on, by its own environment file; or why its commands cannot name that node. */
export type PowerOn = (machine: Machine) => NodePower | { reason: string };

/** How this machine switches one node on again: the commands of the environment file, with the machine filled in. */
export interface NodePower {
  on: string[];
  state: string[];
  isOn: string;
  isOff: string;
  /** How long each of them may take, ms. */
  timeoutMs: number;
}

/** Rollbacks that faults need, carried out by `runner/safety`. The journal has further kinds, for other changes. */
export type FaultRollback =
  | { kind: 'thaw'; cgroup: string }
  | { kind: 'packet-filter'; pid: number; startTime: string; table: string }
  | { kind: 'link-up'; instance: InstanceName; link: string }
  | { kind: 'node-start'; instance: InstanceName; node: string; size: 'small' | 'full'; binDir: string }
  /** Switches a node on. Where another machine does the rollback, it uses the commands of its own environment file. */
  | { kind: 'node-power'; node: string; commands: NodePower }
  | { kind: 'kube-end'; path: string; marker: string };
