import { linkOf } from '../leftovers.ts';
import { INSTANCES, WHOLE_RANGE, addressesOf } from '../nodes/addressing.ts';
import type { InstanceName } from '../nodes/addressing.ts';
import { onPath, runAny } from '../../../host/run.ts';
import type { Signalled } from '../../../host/run.ts';

const IP_DEADLINE_MS = 10_000;

/** An address or network of WHOLE_RANGE. No network that includes more begins like this. */
const INSIDE = String.raw`198\.1[89]\.\d+\.\d+(?:\/\d+)?`;
/** In `ip -4 -o address show`: `5: Meta    inet 198.18.0.1/30 brd … scope global Meta`, or `inet … peer …`. */
const ADDRESS = new RegExp(String.raw`^\d+: (\S+)\s+inet (?:\S+ peer )?(${INSIDE})`);
/** In `ip -4 route show table all`: `198.18.0.0/16 dev Meta …`, `local 198.18.0.1 dev Meta table local …`. */
const ROUTE = new RegExp(String.raw`^(?:[a-z]+ )?(${INSIDE}) `);
/** Routes of the whole range that lead nowhere: that of an instance, or of a firewall. Routes to nodes are more specific. */
const NOWHERE = ['blackhole', 'unreachable', 'prohibit', 'throw'].map((kind) => `${kind} ${WHOLE_RANGE} `);

/** The networks of an instance: of its nodes and of the host's link to them, of its pods, of its Services. */
export function networksOf(instance: InstanceName): readonly string[] {
  const { nodeCidr, podCidr, serviceCidr } = addressesOf(instance);
  return [nodeCidr, podCidr, serviceCidr];
}

/**
 * What of somebody else has addresses of an instance on this machine, one text for each link, such as `198.18.0.1/30 on Meta`. Changes
 * nothing. Empty while `ip` is not installed.
 */
export async function othersInRange(instance: InstanceName, options: Signalled = {}): Promise<string[]> {
  if (!onPath('ip')) return [];
  const ip = async (...args: string[]): Promise<string> =>
    (await runAny(['ip', '-4', ...args], { timeoutMs: IP_DEADLINE_MS, ...options })).stdout;
  const shown = {
    addresses: await ip('-o', 'address', 'show'),
    routes: await ip('route', 'show', 'table', 'all'),
  };
  return othersIn(networksOf(instance), shown);
}

/** The same for some networks, in the output of `ip -4 -o address show` and of `ip -4 route show table all`. */
export function othersIn(
  networks: readonly string[],
  { addresses, routes }: { readonly addresses: string; readonly routes: string },
): string[] {
  const found = [
    ...addresses.split('\n').map((line) => {
      const [, link = '', address] = ADDRESS.exec(line) ?? [];
      return { link, part: address };
    }),
    ...routes.split('\n').map((line) => ({ link: linkOf(line), part: routed(line) })),
  ];
  const byLink = new Map<string, string>();
  for (const { link, part } of found)
    if (
      part !== undefined &&
      !isOurs(link) &&
      !byLink.has(link) &&
      networks.some((one) => overlap(one, part))
    )
      byLink.set(link, part);
  return [...byLink].map(([link, part]) => (link === '' ? part : `${part} on ${link}`));
}

/** The part of the range that a route is for, if any. */
function routed(line: string): string | undefined {
  return NOWHERE.some((begin) => `${line} `.startsWith(begin)) ? undefined : ROUTE.exec(`${line} `)?.[1];
}

/** Whether a link is one of an instance: in the machine's own network namespace they have the prefixes of the instances. */
function isOurs(link: string): boolean {
  return INSTANCES.some((name) => link.startsWith(`${addressesOf(name).linkPrefix}-`));
}

/** Whether two networks have an address in common. One without a length is an address. */
function overlap(one: string, other: string): boolean {
  const [a, b] = [networkIn(one), networkIn(other)];
  const size = 2 ** (32 - Math.min(a.length, b.length));
  return Math.floor(a.first / size) === Math.floor(b.first / size);
}

function networkIn(text: string): { first: number; length: number } {
  const [address = '', length = '32'] = text.split('/');
  return {
    first: address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0),
    length: Number(length),
  };
}
