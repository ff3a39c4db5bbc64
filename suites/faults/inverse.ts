import type { LlmBehaviour } from '../../env/schema.ts';
import type { ClusterSize, InstanceName } from '../../env/local/nodes/index.ts';

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
  | { kind: 'node-start'; instance: InstanceName; node: string; size: ClusterSize; binDir: string }
  /** The power of a node. Another machine that undoes it uses the commands of its own environment file. */
  | { kind: 'node-power'; node: string; commands: NodePower }
  | { kind: 'kube-end'; path: string; mark: string };

/** Inverses that controls need. */
export type ControlInverse =
  /** The manifest of a static pod goes back from `to`, where it was moved aside, to `from`, where kubelet reads it. */
  | { kind: 'static-pod'; from: string; to: string }
  /** Words after `ip -n NETNS route replace`. */
  | { kind: 'route'; netns: string; route: string[] }
  /** The API servers behind the load balancer. */
  | { kind: 'api-servers'; instance: InstanceName; before: { name: string; address: string }[] }
  /** What stands in for a language model does again what it does at rest. */
  | { kind: 'stand-in'; url: string; rest: LlmBehaviour; embedded?: boolean };
