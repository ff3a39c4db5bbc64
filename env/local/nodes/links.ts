import { existsSync } from 'node:fs';
import { run, runAny } from '../../../host/run.ts';
import { INSTANCES, WHOLE_RANGE, addressesOf, nodesOf } from './addressing.ts';
import type { ClusterSize, InstanceName, NodeSpec } from './addressing.ts';

const IP_DEADLINE_MS = 10_000;

/** STP states of a bridge port, as `bridge link` numbers them: 0 (disabled) forwards nothing, 3 (forwarding) everything. */
const PORT_STATE = { cut: '0', up: '3' } as const;

type Signalled = { readonly signal?: AbortSignal | undefined };

/** A link of the instance: a node's, or the load balancer's. */
export type LinkOwner = Pick<NodeSpec, 'link' | 'netns' | 'address' | 'instance'>;

type Port = Pick<LinkOwner, 'instance' | 'link'>;

/** Switches packet filtering of bridged packets off in the bridge's namespace. The host's packet filter does not apply there anyway. */
const NO_FILTER =
  'for file in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e "$file" ] || echo 0 >"$file"; done';

/**
 * Makes the instance's bridge and the host's routes, or completes them. The bridge is in a network namespace of its own, to which the host
 * has one link. So nodes reach each other and the registry whatever rules the host's firewall has for incoming and forwarded packets, and
 * none of its rules must be changed. Idempotent.
 */
export async function ensureNetwork(
  instance: InstanceName,
  size: ClusterSize,
  options: Signalled = {},
): Promise<void> {
  const { bridge, host, hostLink, switch: address } = addressesOf(instance);
  const inside = ['-n', bridge];
  if (!existsSync(`/run/netns/${bridge}`)) await ip(['netns', 'add', bridge], options);
  if (!(await portsOf(instance, options)).includes(bridge)) {
    const settings = ['type', 'bridge', 'forward_delay', '0', 'mcast_snooping', '0'];
    await ip([...inside, 'link', 'add', bridge, ...settings], options);
  }
  if (!existsSync(`/sys/class/net/${hostLink}`)) {
    const peer = ['peer', 'name', hostLink, 'netns', bridge];
    await ip(['link', 'add', hostLink, 'type', 'veth', ...peer], options);
  }
  await run(['nsenter', `--net=/run/netns/${bridge}`, '--', 'sh', '-c', NO_FILTER], {
    timeoutMs: IP_DEADLINE_MS,
    ...options,
  });
  const nodes = nodesOf(instance, size);
  await batch(
    inside,
    [
      'link set lo up',
      `addr replace ${address}/18 dev ${bridge}`,
      `link set ${bridge} up`,
      `link set ${hostLink} master ${bridge}`,
      `link set ${hostLink} up`,
      // Routes back to the pods: a refusal, such as that of a DNS lookup, then reaches the pod at once instead of after a timeout.
      ...nodes.map((node) => `route replace ${node.podCidr} via ${node.address} dev ${bridge}`),
    ],
    options,
  );
  const lines = [
    `addr replace ${host}/18 dev ${hostLink}`,
    `link set ${hostLink} up`,
    // Packets to addresses of the range without a node must not leave the machine.
    `route replace blackhole ${WHOLE_RANGE} metric 65535`,
    ...nodes.map((node) => `route replace ${node.podCidr} via ${node.address} dev ${hostLink}`),
  ];
  await batch([], lines, options);
  const [first] = nodes;
  if (first !== undefined) await routeServicesVia(first, options);
}

/** Routes the host's traffic for Service addresses through a node, whose kube-proxy picks the endpoint. */
export async function routeServicesVia(node: NodeSpec, options: Signalled = {}): Promise<void> {
  const { hostLink, serviceCidr } = addressesOf(node.instance);
  await ip(['route', 'replace', serviceCidr, 'via', node.address, 'dev', hostLink], options);
}

/** Makes a network namespace with one link to the instance's bridge, or completes it. Idempotent. */
export async function ensureLink(owner: LinkOwner, options: Signalled = {}): Promise<void> {
  const { bridge, serviceCidr, switch: gateway } = addressesOf(owner.instance);
  const inside = ['-n', bridge];
  if (!existsSync(`/run/netns/${owner.netns}`)) await ip(['netns', 'add', owner.netns], options);
  if (!(await portsOf(owner.instance, options)).includes(owner.link)) {
    const peer = ['peer', 'name', 'eth0', 'address', macOf(owner.address), 'netns', owner.netns];
    await ip([...inside, 'link', 'add', owner.link, 'type', 'veth', ...peer], options);
  }
  await batch(inside, [`link set ${owner.link} master ${bridge}`, `link set ${owner.link} up`], options);
  await batch(
    ['-n', owner.netns],
    [
      'link set lo up',
      `addr replace ${owner.address}/18 dev eth0`,
      'link set eth0 up',
      // kube-proxy rewrites Service addresses only after the route lookup, which must therefore find some route.
      `route replace ${serviceCidr} via ${gateway} dev eth0`,
    ],
    options,
  );
}

/** Whether the link exists. */
export async function hasLink({ instance, link }: Port, options: Signalled = {}): Promise<boolean> {
  return (await portsOf(instance, options)).includes(link);
}

/** Names of the links in the namespace of the bridge; none if there is no such namespace. */
async function portsOf(instance: InstanceName, options: Signalled): Promise<string[]> {
  const { bridge } = addressesOf(instance);
  if (!existsSync(`/run/netns/${bridge}`)) return [];
  return parseNames(await ip(['-n', bridge, '-br', 'link', 'show'], options));
}

/** A locally administered MAC address, made from the IPv4 address. It is the same after a restart, because neighbours cache it. */
function macOf(address: string): string {
  const octets = address.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'));
  return ['02', '00', ...octets].join(':');
}

/** Makes the static routes to the other nodes' pods. There is no default route: a node reaches only the block of its instance. */
export async function routePods(node: NodeSpec, size: ClusterSize, options: Signalled = {}): Promise<void> {
  const others = nodesOf(node.instance, size).filter((other) => other.name !== node.name);
  const lines = others.map((other) => `route replace ${other.podCidr} via ${other.address} dev eth0`);
  await batch(['-n', node.netns], lines, options);
}

/** Removes the namespace and link of one node or load balancer, if they exist. */
export async function removeLink(
  owner: Pick<LinkOwner, 'instance' | 'link' | 'netns'>,
  options: Signalled = {},
): Promise<void> {
  const { bridge } = addressesOf(owner.instance);
  if (await hasLink(owner, options)) await ipAny(['-n', bridge, 'link', 'del', owner.link], options);
  if (existsSync(`/run/netns/${owner.netns}`)) await ip(['netns', 'del', owner.netns], options);
}

/** Removes every link, namespace and route whose name or range belongs to the instance. */
export async function removeNetwork(instance: InstanceName, options: Signalled = {}): Promise<void> {
  const { linkPrefix } = addressesOf(instance);
  const mine = (name: string): boolean => name.startsWith(`${linkPrefix}-`);
  const links = parseNames(await ip(['-br', 'link', 'show'], options)).filter(mine);
  const spaces = parseNames(await ip(['netns', 'list'], options)).filter(mine);
  // Deleting a link deletes its routes. Deleting the name of a namespace deletes its content only if no process is left in it.
  for (const link of links) await ipAny(['link', 'del', link], options);
  for (const space of spaces) {
    for (const pid of (await ip(['netns', 'pids', space], options)).split('\n').filter((line) => line !== ''))
      killQuietly(Number(pid));
    await ip(['netns', 'del', space], options);
  }
  if (!INSTANCES.some((name) => existsSync(`/run/netns/${addressesOf(name).bridge}`)))
    await ipAny(['route', 'del', 'blackhole', WHOLE_RANGE], options);
}

/**
 * Drops every packet from and to the owner silently: its bridge port stops forwarding, but the carrier stays up, so that
 * neither end can detect it from the link. Idempotent; restoreLink is the rollback.
 */
export async function cutLink(owner: Port, options: Signalled = {}): Promise<void> {
  await setPort(owner, PORT_STATE.cut, options);
}

/** Lets packets pass again. Idempotent. */
export async function restoreLink(owner: Port, options: Signalled = {}): Promise<void> {
  await setPort(owner, PORT_STATE.up, options);
}

/**
 * Whether packets pass.
 * @throws Error when the link does not exist or belongs to no bridge.
 */
export async function linkState(owner: Port, options: Signalled = {}): Promise<'up' | 'cut'> {
  const shown = await bridgeOf(owner, ['show', 'dev', owner.link], options);
  if (!shown.includes(owner.link))
    throw new Error(`the link ${owner.link} is not a port of a bridge; \`bridge link\` shows "${shown}"`);
  return shown.includes('state forwarding') ? 'up' : 'cut';
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has ended in the meantime.
  }
}

/** Names in the output of `ip -br link` or `ip netns list`, without the peer that ip appends after an @. */
export function parseNames(output: string): string[] {
  return output
    .split('\n')
    .map((line) => line.split(/\s+/)[0]?.split('@')[0] ?? '')
    .filter((name) => name !== '');
}

async function setPort(port: Port, state: string, options: Signalled): Promise<void> {
  await bridgeOf(port, ['set', 'dev', port.link, 'state', state], options);
}

function bridgeOf({ instance }: Port, words: readonly string[], options: Signalled): Promise<string> {
  const argv = ['bridge', '-n', addressesOf(instance).bridge, 'link', ...words];
  return run(argv, { timeoutMs: IP_DEADLINE_MS, ...options });
}

async function batch(flags: readonly string[], lines: readonly string[], options: Signalled): Promise<void> {
  const input = `${lines.join('\n')}\n`;
  await run(['ip', ...flags, '-batch', '-'], { timeoutMs: IP_DEADLINE_MS, input, ...options });
}

function ip(args: readonly string[], options: Signalled): Promise<string> {
  return run(['ip', ...args], { timeoutMs: IP_DEADLINE_MS, ...options });
}

/** Runs ip and ignores a failure: the object may have been removed together with another one. */
async function ipAny(args: readonly string[], options: Signalled): Promise<void> {
  await runAny(['ip', ...args], { timeoutMs: IP_DEADLINE_MS, ...options });
}
