import { INSTANCES } from '../../../host/paths.ts';
import type { InstanceName } from '../../../host/paths.ts';

export { INSTANCES } from '../../../host/paths.ts';
export type { InstanceName } from '../../../host/paths.ts';

export type ClusterSize = 'small' | 'full';
/** `burst`: of others, as an autoscaler adds them to a cluster that many share. */
export type NodeRole = 'control' | 'worker' | 'gpu' | 'burst';

/** Addresses and link names of one instance. All addresses are in 198.18.0.0/15, the benchmark range of RFC 2544. */
export type InstanceAddresses = {
  readonly instance: InstanceName;
  /** First two octets. */
  readonly block: string;
  /** The machine itself, on its link to the switch. */
  readonly host: string;
  readonly loadBalancer: string;
  /** Address of the bridge, in its network namespace; only the registry listens in that namespace. */
  readonly switch: string;
  readonly registry: string;
  readonly nodeCidr: string;
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly dnsService: string;
  /** Prefix of every link and network namespace; Linux allows 15 characters for a link. */
  readonly linkPrefix: string;
  /** Name of the bridge, and of the network namespace that it is in. */
  readonly bridge: string;
  /** The host's link to the bridge. */
  readonly hostLink: string;
  readonly loadBalancerLink: string;
};

/** One node: its name, its addresses, and the labels and taints that it has in Kubernetes. */
export type NodeSpec = {
  readonly instance: InstanceName;
  readonly name: string;
  readonly role: NodeRole;
  /** From 1 within its role. */
  readonly index: number;
  readonly address: string;
  readonly podCidr: string;
  readonly podGateway: string;
  readonly zone: string;
  /** The node's port on the bridge. */
  readonly link: string;
  readonly netns: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value: string; readonly effect: string }[];
};

/** The range has two blocks. Instances with the same block cannot exist at the same time (shared-block.ts). */
const BLOCKS: Readonly<Record<InstanceName, { block: string; prefix: string }>> = {
  local: { block: '198.18', prefix: 'pll' },
  'local-small': { block: '198.19', prefix: 'pls' },
  rehearsal: { block: '198.18', prefix: 'plr' },
};

/** Last octet of the first node of each role; ten apart, so that a role can hold ten nodes. */
const FIRST_OCTET: Readonly<Record<NodeRole, number>> = {
  control: 10,
  worker: 20,
  gpu: 30,
  burst: 40,
};

const COUNTS: Readonly<Record<ClusterSize, Readonly<Record<Exclude<NodeRole, 'burst'>, number>>>> = {
  small: { control: 1, worker: 3, gpu: 0 },
  full: { control: 3, worker: 3, gpu: 1 },
};

/** Nodes of others, in any size. */
const BURST: Readonly<Partial<Record<InstanceName, number>>> = { rehearsal: 1 };

/** The range of all instances. A blackhole route on the host covers it. */
export const WHOLE_RANGE = '198.18.0.0/15';

/** True for the name of an embedded instance. */
export function isInstanceName(name: string): name is InstanceName {
  return (INSTANCES as readonly string[]).includes(name);
}

/** The other instances that have the same addresses. */
export function sharingBlock(instance: InstanceName): readonly InstanceName[] {
  return INSTANCES.filter((name) => name !== instance && BLOCKS[name].block === BLOCKS[instance].block);
}

/** The addresses and link names of an instance. */
export function addressesOf(instance: InstanceName): InstanceAddresses {
  const { block, prefix } = BLOCKS[instance];
  return {
    instance,
    block,
    host: `${block}.0.1`,
    loadBalancer: `${block}.0.2`,
    switch: `${block}.0.3`,
    registry: `${block}.0.3:5000`,
    nodeCidr: `${block}.0.0/18`,
    podCidr: `${block}.64.0/18`,
    serviceCidr: `${block}.128.0/20`,
    dnsService: `${block}.128.10`,
    linkPrefix: prefix,
    bridge: `${prefix}-br`,
    hostLink: `${prefix}-host`,
    loadBalancerLink: `${prefix}-lb`,
  };
}

/** The nodes of an instance in a given size, control plane first. */
export function nodesOf(instance: InstanceName, size: ClusterSize): readonly NodeSpec[] {
  const counts: Readonly<Record<NodeRole, number>> = { ...COUNTS[size], burst: BURST[instance] ?? 0 };
  const roles: readonly NodeRole[] = ['control', 'worker', 'gpu', 'burst'];
  return roles.flatMap((role) =>
    Array.from({ length: counts[role] }, (_, at) => makeSpec(instance, role, at + 1)),
  );
}

/**
 * The node of a name such as `worker-2`.
 * @throws Error when the name is not one that nodesOf makes.
 */
export function nodeSpec(instance: InstanceName, name: string): NodeSpec {
  const found = nodesOf(instance, 'full').find((node) => node.name === name);
  if (found === undefined) {
    const names = nodesOf(instance, 'full').map((node) => node.name);
    throw new Error(`no node "${name}" in the environment ${instance}; its nodes are ${names.join(', ')}`);
  }
  return found;
}

const POOL_LABELS: Readonly<Record<NodeRole, Readonly<Record<string, string>>>> = {
  control: {},
  worker: { 'plumbline.dev/pool': 'general' },
  gpu: { 'plumbline.dev/pool': 'gpu' },
  burst: { 'nodes.example/pool': 'burst' },
};

/** Workers with devices beside what else they carry, of instances that have such: from this index on, in a pool of their own. */
const ACCELERATED_FROM: Readonly<Partial<Record<InstanceName, number>>> = { rehearsal: 2 };

const TAINTS: Readonly<Record<NodeRole, NodeSpec['taints']>> = {
  control: [],
  worker: [],
  gpu: [{ key: 'nvidia.com/gpu', value: '', effect: 'NoSchedule' }],
  // A startup taint, which whoever makes such nodes removes once they are set up; here nobody does.
  burst: [{ key: 'nodes.example/warming', value: '', effect: 'NoSchedule' }],
};

function makeSpec(instance: InstanceName, role: NodeRole, index: number): NodeSpec {
  const { block, linkPrefix } = addressesOf(instance);
  const octet = FIRST_OCTET[role] + index - 1;
  const pods = `${block}.${64 + octet - FIRST_OCTET.control}`;
  const name = `${role}-${index}`;
  const zone = `zone-${'abc'[(index - 1) % 3] ?? 'a'}`;
  const zoneLabel = { 'topology.kubernetes.io/zone': zone };
  return {
    instance,
    name,
    role,
    index,
    address: `${block}.0.${octet}`,
    podCidr: `${pods}.0/24`,
    podGateway: `${pods}.1`,
    zone,
    link: `${linkPrefix}-${name}`,
    netns: `${linkPrefix}-${name}`,
    labels: { ...zoneLabel, ...poolLabels(instance, role, index) },
    taints: TAINTS[role],
  };
}

function poolLabels(instance: InstanceName, role: NodeRole, index: number): NodeSpec['labels'] {
  const isAccelerated = role === 'worker' && index >= (ACCELERATED_FROM[instance] ?? Infinity);
  return isAccelerated ? { 'plumbline.dev/pool': 'accelerated' } : POOL_LABELS[role];
}
