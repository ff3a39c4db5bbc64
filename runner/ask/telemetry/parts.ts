/**
 * Long lines in the store. A container runtime cuts them, and marks the parts (`P` and, at the end, `F`: the log format of Kubernetes' CRI).
 * Kubelet joins them again; a shipper does so, or keeps each part as a record of its own.
 */
import type { LogRecord } from '../../../probes/logs/index.ts';

/** containerd and Docker cut after 16 KiB, CRI-O (conmon, STDIO_BUF_SIZE) after 8 KiB. */
const CUT_AFTER_BYTES = 8_192;

export function mayBeCut(text: string): boolean {
  return Buffer.byteLength(text) > CUT_AFTER_BYTES;
}

/** Characters before the message (time, level, thread) that a shipper may take from a line that is no JSON. */
export const MOST_BEFORE = 512;

/** A cut goes by bytes: stores have blanks or replacement characters in place of one that it parted. */
const EDGES = /^[\s\uFFFD]+|[\s\uFFFD]+$/g;
/** What a runtime writes before a part, and a shipper may leave there. */
const BEFORE = /^\S+ std(?:out|err) [PF](?::\S+)? /;
const BLANKS = /\s*/y;
const PARTED = /\P{ASCII}\s*/uy;

type Part<R> = readonly [kept: string, record: R];

/** Longest first: a record of few characters is part of many lines. */
function partsIn<R extends LogRecord>(records: Iterable<R>): Part<R>[] {
  return [...records]
    .map((record): Part<R> => [record.message.replace(BEFORE, '').replaceAll(EDGES, ''), record])
    .filter(([kept]) => kept !== '')
    .toSorted(([a], [b]) => b.length - a.length);
}

/**
 * The records that together are a line, each a part of it.
 * @param records those near in time, the nearest first
 * @returns null where a part is missing
 */
export function partsOf<R extends LogRecord>(text: string, records: Iterable<R>): readonly R[] | null {
  const parts = partsIn(records);
  const used = new Set<R>();
  const isDead = new Set<number>();
  const restFrom = (at: number): boolean => {
    const starts = startsAfter(text, at);
    if (starts.includes(text.length)) return true;
    if (isDead.has(at)) return false;
    for (const start of starts)
      for (const [kept, record] of parts) {
        if (used.has(record) || !text.startsWith(kept, start)) continue;
        used.add(record);
        if (restFrom(start + kept.length)) return true;
        used.delete(record);
      }
    isDead.add(at);
    return false;
  };
  const most = text.startsWith('{') ? 0 : MOST_BEFORE;
  for (let at = 0; at <= most; at++) if (restFrom(at)) return [...used];
  return null;
}

/** Where the next part may begin: behind blanks, and behind a character that the cut has parted. */
function startsAfter(text: string, at: number): number[] {
  const behind = (pattern: RegExp, from: number): number => {
    pattern.lastIndex = from;
    return from + (pattern.exec(text)?.[0].length ?? 0);
  };
  const next = behind(BLANKS, at);
  const parted = behind(PARTED, next);
  return parted === next ? [next] : [next, parted];
}

/** Shorter texts are in many lines. */
const SHORTEST_PART = 256;

/** How much of a line is in the store, as parts of it. @returns characters; 0: nothing that is long enough to be told from other lines */
export function keptOf(text: string, records: Iterable<LogRecord>): number {
  let rest = text;
  for (const [kept] of partsIn(records))
    if (kept.length >= SHORTEST_PART) rest = rest.replace(kept, () => '\n');
  return text.length - rest.replaceAll('\n', '').length;
}
