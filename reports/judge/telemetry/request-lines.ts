/** Log lines of marked requests, by service. */
import type { History, Observation } from '../../record/history.ts';
import { number, seen, text } from '../topology/findings.ts';
import { pairsOf } from './observed.ts';

export interface RequestLine {
  n: number;
  service: string;
  traceId: string;
  seenMs: number;
  atMs: number;
  node: string;
  pod: string;
  text: string;
}

/** The number in `RUN/17`; NaN where it is another mark. */
function numberIn(mark: string): number {
  return Number(/^[^/]+\/(\d+)$/.exec(mark)?.[1] ?? Number.NaN);
}

/** Lines in the store, each record once. */
export function requestLines(history: History): RequestLine[] {
  return seen(history, 'request-line').map((one) => ({
    n: numberIn(text(one, 'mark')),
    service: text(one, 'service'),
    traceId: text(one, 'traceId'),
    seenMs: number(one, 'seenMs'),
    atMs: number(one, 'atMs'),
    node: text(one, 'node'),
    pod: text(one, 'pod'),
    text: text(one, 'text'),
  }));
}

/** Lines that are there more than once: of the same pod, time and text. */
export function twice(lines: readonly RequestLine[]): number {
  const keys = lines.map(({ n, pod, atMs, text: said }) => `${n}|${pod}|${atMs}|${said}`);
  return keys.length - new Set(keys).size;
}

export interface Lost {
  service: string;
  node: string;
  pod: string;
  /** Lines on the disk. */
  lines: number;
  lost: number;
}

/** Of each pod whose disk was read: lines that it holds and the store does not. */
export function lostFromDisks(history: History, stored: readonly RequestLine[]): Lost[] {
  const counts = new Map<string, number>();
  for (const { n, service, pod } of stored) add(counts, `${service}|${pod}|${n}`, 1);
  return seen(history, 'disk-requests').map((one) => lostOf(one, counts));
}

function lostOf(one: Observation, stored: ReadonlyMap<string, number>): Lost {
  const [service, node, pod] = [text(one, 'service'), text(one, 'node'), text(one, 'pod')];
  const written = new Map<string, number>();
  const pairs = pairsOf(one);
  for (const [n] of pairs) add(written, `${service}|${pod}|${n}`, 1);
  let lost = 0;
  for (const [key, count] of written) lost += Math.max(0, count - (stored.get(key) ?? 0));
  return { service, node, pod, lines: pairs.length, lost };
}

function add(counts: Map<string, number>, key: string, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
