import { isIP } from 'node:net';
import { z } from 'zod';
import type { Cut } from './fault.ts';

/** nftables priority `raw`: ahead of connection tracking (-200), which therefore never sees a dropped packet. */
const PRIORITY = -300;

/**
 * An nftables script that drops and counts what the namespace sends to these addresses and receives from them.
 * @throws Error for an invalid IP address, and for a name that could break out of the quoted comment: the script goes to a command
 */
export function dropRules(table: string, cuts: readonly Cut[]): string {
  return [
    `table inet ${table} {`,
    `  chain input { type filter hook input priority ${PRIORITY};`,
    ...cuts.map((cut) => `    ${rule(cut, 'from')}`),
    '  }',
    `  chain output { type filter hook output priority ${PRIORITY};`,
    ...cuts.map((cut) => `    ${rule(cut, 'to')}`),
    '  }',
    '}',
    '',
  ].join('\n');
}

function rule({ name, address, ports = [] }: Cut, direction: 'from' | 'to'): string {
  const version = isIP(address);
  if (version === 0) throw new Error(`${name}: "${address}" is not an IP address`);
  if (!/^[a-z0-9.-]+$/.test(name)) throw new Error(`"${name}" is not a valid name of a pod or Service`);
  const family = version === 4 ? 'ip' : 'ip6';
  const [side, port] = direction === 'from' ? ['saddr', 'sport'] : ['daddr', 'dport'];
  const only = ports.length === 0 ? '' : ` tcp ${port} { ${ports.join(', ')} }`;
  return `${family} ${side} ${address}${only} counter drop comment "${direction} ${name} ${address}"`;
}

/** For people: the peers that are cut off, each with its address. */
export function cutsIn(cuts: readonly Cut[]): string {
  return cuts.map(({ name, address }) => `${name} (${address})`).join(', ');
}

/** Packets that each rule has dropped so far, by its comment. */
export type Drops = ReadonlyMap<string, number>;

/** The part of libnftables-json(5) that is read here. An expression that is not an object, such as `accept`, has no counter. */
const expression = z.object({ counter: z.object({ packets: z.number() }).optional() }).catch({});
const listed = z.object({
  nftables: z.array(
    z.object({
      rule: z.object({ comment: z.string().optional(), expr: z.array(expression) }).optional(),
    }),
  ),
});

/** Reads `nft -j list table`. @throws SyntaxError when it is not JSON, ZodError when it has an unexpected shape */
export function parseDrops(json: string): Drops {
  const drops = new Map<string, number>();
  for (const { rule: found } of listed.parse(JSON.parse(json)).nftables) {
    const counter = found?.expr.find((one) => one.counter !== undefined)?.counter;
    if (found?.comment === undefined || counter === undefined) continue;
    drops.set(found.comment, (drops.get(found.comment) ?? 0) + counter.packets);
  }
  return drops;
}

/** Whether at least one packet to each address was dropped. For a Service it is enough that its rule is there and all behind it were dropped. */
export function allDropped(cuts: readonly Cut[], drops: Drops): boolean {
  return cuts.every((cut) => wasDropped(cut, drops) || droppedBehind(cut, cuts, drops));
}

function wasDropped({ name, address }: Cut, drops: Drops): boolean {
  return (drops.get(`to ${name} ${address}`) ?? 0) > 0;
}

/**
 * Cilium without kube-proxy replaces a Service's address by that of a server behind it as a socket connects, so that no packet carries it.
 * Whatever is asked of the Service then goes to one of these servers.
 */
function droppedBehind({ name, address, behind = [] }: Cut, cuts: readonly Cut[], drops: Drops): boolean {
  const isIn = (server: string): boolean =>
    cuts.some((cut) => cut.address === server && wasDropped(cut, drops));
  return drops.has(`to ${name} ${address}`) && behind.length > 0 && behind.every(isIn);
}

/** For the proof: `pg-0 (10.0.0.7): 3 to, 2 from it`. */
export function describeDrops(cuts: readonly Cut[], drops: Drops): string {
  const count = (key: string): number => drops.get(key) ?? 0;
  return cuts
    .map((cut) => {
      const { name, address } = cut;
      const counted = `${name} (${address}): ${count(`to ${name} ${address}`)} to, ${count(`from ${name} ${address}`)} from it`;
      const byOthers = !wasDropped(cut, drops) && droppedBehind(cut, cuts, drops);
      return byOthers
        ? `${counted} (no packet carries its address; dropped at all servers behind it)`
        : counted;
    })
    .join(', ');
}

/** Addresses to connect to, so that each rule has a packet to drop. Port 9 is "discard"; nothing needs to listen there. */
export function probeAddresses(cuts: readonly Cut[]): { address: string; port: number }[] {
  return cuts.map(({ address, ports = [] }) => ({ address, port: ports[0] ?? 9 }));
}
