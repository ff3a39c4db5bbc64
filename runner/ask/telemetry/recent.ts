/** Looks up in the log store what a workload's pods logged lately. */
import { isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DiskLine } from '../../../probes/arrivals/index.ts';
import type { KubeCluster } from '../../../probes/kubernetes/index.ts';
import type { LogProbe, LogRecord } from '../../../probes/logs/index.ts';
import { withoutTokens } from '../../../probes/redact.ts';
import { SignalError } from '../../../probes/signals/index.ts';
import { errorText } from '../../../reports/record/error-text.ts';
import type { Fields } from '../../../reports/record/observations/index.ts';
import type { ClockedPod } from '../../../suites/harness/protocol.ts';
import { onNode, readDisk, TooLong, unread } from './disk.ts';
import { LeftRecords } from './left-records.ts';
import { messageOf, objectOf, plain } from './message.ts';
import { keptOf, mayBeCut, partsOf } from './parts.ts';

/** Lines looked up per pod: its last ones that had time to arrive. */
const MOST_LINES = 20;
/** Most that a record's time, which the line may state, and the runtime's time for it may differ. */
const APART_MS = 2_000;
/** Windows are not halved below this: around a line that is looked up, all others within `APART_MS` must be known. */
const LEAST_WINDOW_MS = 5_000;
/** A busy pod writes thousands of records while it writes twenty lines. */
const MOST_RECORDS = 50_000;

/** Timers have whole milliseconds and may fire up to one early. */
const ROUNDED_MS = 2;

/** Characters shown of a line that was not found. */
const MOST_SHOWN = 120;

/** After so many containers without an answer the store is given up: waiting for it takes a time-out each. */
const MOST_UNANSWERED = 3;

export interface Recent {
  /** Lines that were looked for. */
  lines: number;
  found: number;
  /** Beginning of the first that was not found. */
  missing: string | null;
}

export interface Looking {
  cluster: Pick<KubeCluster, 'client'>;
  probe: LogProbe;
  /** Start of the first look-up, wall clock of the harness, ms. */
  sinceMs: number;
  /** Younger lines may still be under way. */
  untilMs: number;
  /** `performance.now()` when `untilMs` was taken. */
  askedMs: number;
  deadlineMs: number;
  signal: AbortSignal;
  redact: (text: string) => string;
  /** The declared key of the message in lines of JSON. */
  messageKey?: string | undefined;
}

type Told = ({ kind: 'recent' } & Fields<'recent'>) | ({ kind: 'disk-unread' } & Fields<'disk-unread'>);
type Unsearched = { kind: 'recent-unsearched' } & Fields<'recent-unsearched'>;

type RecentPod = ClockedPod & { workload: string };

/**
 * Looks up the last lines of each container. One for which the store gives no answer is recorded as such, and the others are looked up all the
 * same.
 * @throws SignalError where the store could not be reached, or answered with errors, for several and for none between; the reason of the signal
 */
export async function recentOfEach(
  pods: readonly RecentPod[],
  looking: Looking,
  write: (told: Told | Unsearched) => void,
): Promise<void> {
  let unanswered = 0;
  for (const pod of pods) {
    try {
      const told = await recentOf(pod, looking);
      write(told);
      if (told.kind === 'recent' && told.lines > 0) unanswered = 0;
    } catch (error) {
      looking.signal.throwIfAborted();
      if (!(error instanceof SignalError)) throw error;
      const { workload, node, pod: name, container } = pod;
      write({ kind: 'recent-unsearched', workload, node, pod: name, container, reason: errorText(error) });
      if (['unreachable', 'too much', 'failed'].includes(error.reason)) unanswered += 1;
      if (unanswered === MOST_UNANSWERED) throw error;
    }
  }
}

/**
 * Looks up the last lines of a container in the store. If it wrote nothing lately, its earlier lines are looked up. If it has just started,
 * its first lines get the time to arrive.
 * @throws SignalError; the reason of the signal
 */
export async function recentOf(
  pod: RecentPod,
  { cluster, probe, sinceMs, untilMs, askedMs, deadlineMs, signal, redact, messageKey }: Looking,
): Promise<Told> {
  const { workload, node, pod: name, container, namespace, clock } = pod;
  const said = { kind: 'recent', workload, node, pod: name, container } as const;
  const nowUntilMs = (): number => untilMs + performance.now() - askedMs;
  const oldEnough = (): number => onNode(nowUntilMs(), pod);
  const look = (disk: readonly DiskLine[], fromMs?: number): Promise<Recent> =>
    lookFor(probe, { namespace, name }, disk, {
      fromMs,
      untilMs: oldEnough(),
      deadlineMs,
      signal,
      redact,
      messageKey,
    });
  const window = { sinceMs, untilMs: nowUntilMs(), signal };
  const lately = await onDisk(pod, () => readLately(cluster, pod, window), signal);
  if ('kind' in lately) return lately;
  const { fromMs, cut } = lately;
  const first = lately.lines.find((line) => line.atMs >= fromMs && isSaid(line));
  if (first !== undefined) {
    const youngMs = first.atMs - oldEnough();
    // A line from further ahead is not waited for: its node's clock is not what we measured.
    const mostMs = Date.now() - untilMs - (performance.now() - askedMs) + 2 * clock.errorMs;
    if (youngMs > 0 && youngMs <= mostMs) await sleep(youngMs + ROUNDED_MS, undefined, { signal });
  }
  const found = await look(lately.lines, fromMs);
  if (found.lines > 0) return { ...said, written: 'lately', ...found };
  if (cut !== null) return unread(pod, cut);
  const last = await onDisk(pod, () => readDisk(cluster, pod, { tailLines: 2 * MOST_LINES, signal }), signal);
  if ('kind' in last) return last;
  const earlier = await look(last);
  return { ...said, written: earlier.lines > 0 ? 'earlier' : 'never', ...earlier };
}

interface Lately {
  lines: DiskLine[];
  /** Wall clock ms of the node: older lines are not looked up, since not every line is known that is about as old. */
  fromMs: number;
  /** Why only the end of the window was read; null: all of it was. */
  cut: TooLong | null;
}

/**
 * What a container wrote within a window. Where that is more than is read at once, the window is halved until it fits: only its last lines
 * are looked up.
 * @param window.untilMs the youngest line that is looked up may be as old as this
 * @throws KubeError; TooLong where the shortest window is too long
 */
async function readLately(
  cluster: Looking['cluster'],
  pod: RecentPod,
  window: { sinceMs: number; untilMs: number; signal: AbortSignal },
): Promise<Lately> {
  const { untilMs, signal } = window;
  let { sinceMs } = window;
  let cut: TooLong | null = null;
  for (;;) {
    try {
      const lines = await readDisk(cluster, pod, { sinceMs, signal });
      return { lines, cut, fromMs: cut === null ? -Infinity : onNode(sinceMs, pod) + APART_MS };
    } catch (error) {
      sinceMs = (sinceMs + untilMs) / 2;
      if (!(error instanceof TooLong) || untilMs - sinceMs < LEAST_WINDOW_MS) throw error;
      cut = error;
    }
  }
}

/** A log that cannot be read is returned as such; any other error is the store's. */
async function onDisk<T>(
  pod: RecentPod,
  read: () => Promise<T>,
  signal: AbortSignal,
): Promise<T | Extract<Told, { kind: 'disk-unread' }>> {
  try {
    return await read();
  } catch (error) {
    signal.throwIfAborted();
    return unread(pod, error);
  }
}

/**
 * @param fromMs wall clock ms of the pod's node: of older lines it is only seen to that their records answer for no other
 * @param untilMs wall clock ms of the pod's node: younger lines may still be in flight
 * @param redact takes secrets out before a line is cut: half a secret would not be recognised
 * @throws SignalError; the reason of the signal
 */
export async function lookFor(
  probe: LogProbe,
  pod: { namespace: string; name: string },
  disk: readonly DiskLine[],
  of: {
    fromMs?: number | undefined;
    untilMs: number;
    deadlineMs: number;
    signal: AbortSignal;
    redact: (text: string) => string;
    messageKey?: string | undefined;
  },
): Promise<Recent> {
  const { fromMs = -Infinity, untilMs, deadlineMs, signal, redact, messageKey } = of;
  const lines = disk
    .filter((line) => line.atMs >= fromMs && line.atMs <= untilMs && isSaid(line))
    .slice(-MOST_LINES);
  const [first] = lines;
  const last = lines.at(-1);
  if (first === undefined || last === undefined) return { lines: 0, found: 0, missing: null };
  const span = { fromMs: first.atMs - APART_MS, toMs: last.atMs + APART_MS };
  const records = await probe.search({ ...span, pod, most: MOST_RECORDS }, { deadlineMs, signal });
  const left: Left = new LeftRecords(
    records.map((one) => ({ ...one, text: plain(one.message) })).filter(({ text }) => text !== ''),
    APART_MS,
  );
  // A record equal to a line belongs to that line, whether or not it is looked up: a record of three characters is part of many lines, and
  // must not answer for one of those.
  const others = disk.filter(
    (line) => line.atMs >= span.fromMs && line.atMs <= span.toMs && isSaid(line) && !lines.includes(line),
  );
  const there = new Set([...lines, ...others].filter((line) => left.takeEqual(line.atMs, plain(line.text))));
  for (const line of [...lines, ...others]) if (!there.has(line) && takeParts(left, line)) there.add(line);
  const missing = lines.filter(
    (line) => !there.has(line) && !left.takeNearest(line.atMs, standsFor(line, messageKey)),
  );
  return {
    lines: lines.length,
    found: lines.length - missing.length,
    missing: missing[0] === undefined ? null : beginning(missing[0], left, redact),
  };
}

/** A record, with its message as `plain` has it. */
type Kept = LogRecord & { text: string };
/** Each record answers for one line only. Of several, the one nearest in time is taken. */
type Left = LeftRecords<Kept>;

/** Of a line that was not found: how it begins, and how much of it is there. */
function beginning(line: DiskLine, left: Left, redact: Looking['redact']): string {
  const shown = withoutTokens(redact(line.text)).slice(0, MOST_SHOWN);
  const near = left.near(line.atMs);
  const kept = mayBeCut(line.text) ? keptOf(line.text, near) : longestPart(line, near);
  if (kept === 0) return shown;
  return `${shown} … the store has parts of it: ${kept} of ${line.text.length} characters`;
}

/** Characters of the longest record that is only a part of a line, such as its level, or its beginning where the store cuts lines. */
function longestPart({ text }: DiskLine, near: readonly Kept[]): number {
  const line = plain(text);
  return near.reduce((most, kept) => (line.includes(kept.text) ? Math.max(most, kept.text.length) : most), 0);
}

/** False for a blank line, such as one with only a colour reset. */
function isSaid({ text }: DiskLine): boolean {
  return plain(text) !== '';
}

/** All parts of a line that the runtime cut, or none. */
function takeParts(left: Left, line: DiskLine): boolean {
  if (!mayBeCut(line.text)) return false;
  const parts = partsOf(line.text.trim(), left.near(line.atMs));
  left.take(parts ?? []);
  return parts !== null;
}

/**
 * Whether a record stands for a line: it holds the line behind what a shipper or the runtime has written before it, the message of the line
 * alone, or an object that a shipper has made of it.
 */
function standsFor({ text }: DiskLine, messageKey: string | undefined): (kept: string) => boolean {
  const written = plain(text);
  const holdsIt = (kept: string): boolean =>
    written.startsWith('{') ? kept.endsWith(written) : kept.includes(written);
  const isMessage = messageOf(written, messageKey);
  const isOf = isWithin(written);
  return (kept) => holdsIt(kept) || isMessage(kept) || isOf(objectOf(kept));
}

/** Whether a shipper has stored the line within an object of its own (Fluent Bit: `log`), or its fields among others. */
function isWithin(written: string): (record: Readonly<Record<string, unknown>>) => boolean {
  const said = objectOf(written);
  const fields = Object.entries(said);
  const isWhole = (value: unknown): boolean => {
    if (typeof value !== 'string') return fields.length > 0 && isDeepStrictEqual(value, said);
    const text = plain(value);
    return text === written || text.endsWith(` ${written}`);
  };
  return (record) =>
    Object.values(record).some(isWhole) ||
    (fields.length > 0 && fields.every(([key, value]) => isDeepStrictEqual(record[key], value)));
}
