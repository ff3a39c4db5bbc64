import { existsSync } from 'node:fs';
import { run, runAny } from '../run.ts';
import { WHOLE_RANGE, addressesOf, nodesOf } from './addressing.ts';
import type { ClusterSize, InstanceName, NodeSpec } from './addressing.ts';

const IP_DEADLINE_MS = 10_000;

/** STP states of a bridge port as `bridge link` counts them: in the first nothing passes, in the second everything does. */
const PORT_STATE = { cut: '0', up: '3' } as const;

type Signalled = { readonly signal?: AbortSignal | undefined };

/** A link of the instance: a node's, or the load balancer's. */
export type LinkOwner = Pick<NodeSpec, 'link' | 'netns' | 'address' | 'instance'>;

/** Makes the instance's bridge and the host's routes, or completes them. Idempotent. */
export async function ensureNetwork(
  instance: InstanceName,
  size: ClusterSize,
  options: Signalled = {},
): Promise<void> {
  const { bridge, host } = addressesOf(instance);
  if (!existsSync(`/sys/class/net/${bridge}`)) {
    await ip(['link', 'add', bridge, 'type', 'bridge', 'forward_delay', '0', 'mcast_snooping', '0'], options);
  }
  const nodes = nodesOf(instance, size);
  const lines = [
    `addr replace ${host}/18 dev ${bridge}`,
    `link set ${bridge} up`,
    // Whatever of the range has no node behind it must not leave the machine.
    `route replace blackhole ${WHOLE_RANGE} metric 65535`,
    ...nodes.map((node) => `route replace ${node.podCidr} via ${node.address} dev ${bridge}`),
  ];
  await batch([], lines, options);
  const [first] = nodes;
  if (first !== undefined) await routeServicesVia(first, options);
}

/** Sends the host's own traffic for Service addresses through a node, whose kube-proxy then picks the endpoint. */
export async function routeServicesVia(node: NodeSpec, options: Signalled = {}): Promise<void> {
  const { bridge, serviceCidr } = addressesOf(node.instance);
  await ip(['route', 'replace', serviceCidr, 'via', node.address, 'dev', bridge], options);
}

/** Makes a network namespace with one link into the instance's bridge, or completes it. Idempotent. */
export async function ensureLink(owner: LinkOwner, options: Signalled = {}): Promise<void> {
  const { bridge, host, serviceCidr } = addressesOf(owner.instance);
  if (!existsSync(`/run/netns/${owner.netns}`)) await ip(['netns', 'add', owner.netns], options);
  if (!existsSync(`/sys/class/net/${owner.link}`)) {
    const peer = ['peer', 'name', 'eth0', 'address', macOf(owner.address), 'netns', owner.netns];
    await ip(['link', 'add', owner.link, 'type', 'veth', ...peer], options);
  }
  await batch([], [`link set ${owner.link} master ${bridge}`, `link set ${owner.link} up`], options);
  await batch(
    ['-n', owner.netns],
    [
      'link set lo up',
      `addr replace ${owner.address}/18 dev eth0`,
      'link set eth0 up',
      // kube-proxy rewrites Service addresses after this lookup, which must find some route for them.
      `route replace ${serviceCidr} via ${host} dev eth0`,
    ],
    options,
  );
}

/** The same for every life of a node, as a network card's is: neighbours remember it. Locally administered, from the IPv4 address. */
function macOf(address: string): string {
  const octets = address.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'));
  return ['02', '00', ...octets].join(':');
}

/** Makes the static routes to the other nodes' pods. There is no default route: a node reaches its own block only. */
export async function routePods(node: NodeSpec, size: ClusterSize, options: Signalled = {}): Promise<void> {
  const others = nodesOf(node.instance, size).filter((other) => other.name !== node.name);
  const lines = others.map((other) => `route replace ${other.podCidr} via ${other.address} dev eth0`);
  await batch(['-n', node.netns], lines, options);
}

/** Removes the namespace and link of one node or load balancer; whatever is missing already is fine. */
export async function removeLink(
  owner: Pick<LinkOwner, 'link' | 'netns'>,
  options: Signalled = {},
): Promise<void> {
  if (existsSync(`/sys/class/net/${owner.link}`)) await ipAny(['link', 'del', owner.link], options);
  if (existsSync(`/run/netns/${owner.netns}`)) await ip(['netns', 'del', owner.netns], options);
}

/** Removes every link, namespace and route whose name or range belongs to the instance. */
export async function removeNetwork(instance: InstanceName, options: Signalled = {}): Promise<void> {
  const { linkPrefix, bridge } = addressesOf(instance);
  const mine = (name: string): boolean => name.startsWith(`${linkPrefix}-`);
  const links = parseNames(await ip(['-br', 'link', 'show'], options)).filter(mine);
  const spaces = parseNames(await ip(['netns', 'list'], options)).filter(mine);
  for (const link of links.filter((name) => name !== bridge)) await ipAny(['link', 'del', link], options);
  for (const space of spaces) await ip(['netns', 'del', space], options);
  // The routes through the bridge go with it.
  if (links.includes(bridge)) await ip(['link', 'del', bridge], options);
  const left = parseNames(await ip(['-br', 'link', 'show', 'type', 'bridge'], options));
  if (!left.some((name) => /^pl[ls]-br$/.test(name))) {
    await ipAny(['route', 'del', 'blackhole', WHOLE_RANGE], options);
  }
}

/**
 * Drops every packet from and to the owner silently: its bridge port stops forwarding, while its carrier stays up, so
 * that no end learns of it from the link. Idempotent; restoreLink is the inverse.
 */
export async function cutLink(owner: Pick<LinkOwner, 'link'>, options: Signalled = {}): Promise<void> {
  await setPort(owner.link, PORT_STATE.cut, options);
}

/** Lets packets pass again. Idempotent. */
export async function restoreLink(owner: Pick<LinkOwner, 'link'>, options: Signalled = {}): Promise<void> {
  await setPort(owner.link, PORT_STATE.up, options);
}

/**
 * Whether packets pass.
 * @throws Error when the link does not exist or belongs to no bridge.
 */
export async function linkState(
  owner: Pick<LinkOwner, 'link'>,
  options: Signalled = {},
): Promise<'up' | 'cut'> {
  const argv = ['bridge', 'link', 'show', 'dev', owner.link];
  const shown = await run(argv, { timeoutMs: IP_DEADLINE_MS, ...options });
  if (!shown.includes(owner.link))
    throw new Error(`the link ${owner.link} is no port of a bridge; expected one, seen "${shown}"`);
  return shown.includes('state forwarding') ? 'up' : 'cut';
}

/** First words of `ip -br link` or `ip netns list`, without the peer that ip adds after an @. */
export function parseNames(output: string): string[] {
  return output
    .split('\n')
    .map((line) => line.split(/\s+/)[0]?.split('@')[0] ?? '')
    .filter((name) => name !== '');
}

async function setPort(link: string, state: string, options: Signalled): Promise<void> {
  await run(['bridge', 'link', 'set', 'dev', link, 'state', state], {
    timeoutMs: IP_DEADLINE_MS,
    ...options,
  });
}

async function batch(flags: readonly string[], lines: readonly string[], options: Signalled): Promise<void> {
  const input = `${lines.join('\n')}\n`;
  await run(['ip', ...flags, '-batch', '-'], { timeoutMs: IP_DEADLINE_MS, input, ...options });
}

function ip(args: readonly string[], options: Signalled): Promise<string> {
  return run(['ip', ...args], { timeoutMs: IP_DEADLINE_MS, ...options });
}

/** For what may be gone already, together with something removed a moment ago. */
async function ipAny(args: readonly string[], options: Signalled): Promise<void> {
  await runAny(['ip', ...args], { timeoutMs: IP_DEADLINE_MS, ...options });
}
