/** Slots and keys (Redis Cluster specification, "Key distribution model" and "Hash tags"). */
export const SLOTS = 16_384;

/** First and last slot of a range. */
export type SlotRange = readonly [from: number, to: number];

/** CRC16 of the XMODEM kind: polynomial 0x1021, begun with 0. */
function crc16(text: string): number {
  let crc = 0;
  for (const byte of Buffer.from(text)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}

/** The slot of a key: only what stands between the first braces counts, where there is something between them. */
export function slotOf(key: string): number {
  const tag = /^[^{]*\{([^}]+)\}/.exec(key)?.[1];
  return crc16(tag ?? key) % SLOTS;
}

export function holds(ranges: readonly SlotRange[], slot: number): boolean {
  return ranges.some(([from, to]) => from <= slot && slot <= to);
}

export function sizeOf(ranges: readonly SlotRange[]): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

/** The slots that are in none of the ranges. */
export function outside(ranges: readonly SlotRange[]): SlotRange[] {
  const sorted = [...ranges, [SLOTS, SLOTS] as const].toSorted(([a], [b]) => a - b);
  let next = 0;
  return sorted.flatMap(([from, to]) => {
    const gap: SlotRange[] = from > next ? [[next, from - 1]] : [];
    next = Math.max(next, to + 1);
    return gap;
  });
}

/** The first number that, as a hash tag, lies in these slots. Who leads them does not matter, so that it stays the same in a failover. */
export function tagIn(ranges: readonly SlotRange[]): string {
  if (sizeOf(ranges) === 0) throw new Error('a shard without slots holds no key');
  for (let n = 0; ; n++) if (holds(ranges, slotOf(String(n)))) return String(n);
}
