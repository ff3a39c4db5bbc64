import { isIP } from 'node:net';
import { z } from 'zod';
import type { Cut } from './fault.ts';

/** Before every other chain, connection tracking's included: what is dropped here has never been seen. */
const PRIORITY = -300;

/**
 * An nftables script: what the namespace sends to and hears from these addresses is dropped and counted.
 * @throws Error for what is no address, or a name that could end a comment: the script goes to a command
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
  if (version === 0) throw new Error(`${name}: "${address}" is no address`);
  if (!/^[a-z0-9.-]+$/.test(name)) throw new Error(`"${name}" is no name of a pod or Service`);
  const family = version === 4 ? 'ip' : 'ip6';
  const [side, port] = direction === 'from' ? ['saddr', 'sport'] : ['daddr', 'dport'];
  const only = ports.length === 0 ? '' : ` tcp ${port} { ${ports.join(', ')} }`;
  return `${family} ${side} ${address}${only} counter drop comment "${direction} ${name}"`;
}

/** For people: who is cut off, at which address. */
export function cutsIn(cuts: readonly Cut[]): string {
  return cuts.map(({ name, address }) => `${name} (${address})`).join(', ');
}

/** Packets that each rule has dropped so far, by its comment. */
export type Drops = ReadonlyMap<string, number>;

/** As much of libnftables-json(5) as is read; an expression that is no object, such as `accept`, is no counter. */
const expression = z.object({ counter: z.object({ packets: z.number() }).optional() }).catch({});
const listed = z.object({
  nftables: z.array(
    z.object({
      rule: z.object({ comment: z.string().optional(), expr: z.array(expression) }).optional(),
    }),
  ),
});

/** Reads `nft -j list table`. @throws SyntaxError when it is not JSON, ZodError when it says something else */
export function parseDrops(json: string): Drops {
  const drops = new Map<string, number>();
  for (const { rule: found } of listed.parse(JSON.parse(json)).nftables) {
    const counter = found?.expr.find((one) => one.counter !== undefined)?.counter;
    if (found?.comment === undefined || counter === undefined) continue;
    drops.set(found.comment, (drops.get(found.comment) ?? 0) + counter.packets);
  }
  return drops;
}

/** Whether something was sent to each of them, and was dropped. */
export function allDropped(cuts: readonly Cut[], drops: Drops): boolean {
  return cuts.every(({ name }) => (drops.get(`to ${name}`) ?? 0) > 0);
}

/** For the proof: `pg-0 (10.0.0.7): 3 to, 2 from`. */
export function describeDrops(cuts: readonly Cut[], drops: Drops): string {
  const count = (key: string): number => drops.get(key) ?? 0;
  return cuts
    .map(
      ({ name, address }) =>
        `${name} (${address}): ${count(`to ${name}`)} to, ${count(`from ${name}`)} from it`,
    )
    .join(', ');
}

/** Where to knock so that a rule has something to drop; port 9 is "discard", and whether anything listens does not matter. */
export function knocksOf(cuts: readonly Cut[]): { address: string; port: number }[] {
  return cuts.map(({ address, ports = [] }) => ({ address, port: ports[0] ?? 9 }));
}
