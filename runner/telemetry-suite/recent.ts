/** What the pods of a workload logged lately, looked for in the store of logs. */
import type { DiskLine } from '../../probes/arrivals/index.ts';
import type { LogProbe, LogRecord } from '../../probes/logs/index.ts';

/** Lines of a pod that are looked for: its last ones that had the time to arrive. */
const MOST_LINES = 20;
/** A record may carry the time that the line itself states, or that of the runtime: so far apart at most. */
const APART_MS = 2_000;
/** In the seconds of twenty lines a busy pod writes thousands. */
const MOST_RECORDS = 50_000;

/** Characters of a line that was not found. */
const MOST_SHOWN = 120;

export interface Recent {
  /** Lines that were looked for. */
  lines: number;
  found: number;
  fromMs: number | null;
  toMs: number | null;
  /** Beginning of the first that was not found. */
  missing: string | null;
}

/**
 * @param untilMs wall clock ms: younger lines may still be under way
 * @param redact takes secrets out, before a line is cut: of half a secret nobody knows any more that it is one
 * @throws SignalError; the reason of the signal
 */
export async function lookFor(
  probe: LogProbe,
  pod: { namespace: string; name: string },
  disk: readonly DiskLine[],
  of: { untilMs: number; deadlineMs: number; signal: AbortSignal; redact: (text: string) => string },
): Promise<Recent> {
  const { untilMs, deadlineMs, signal, redact } = of;
  const lines = disk.filter(({ atMs, text }) => atMs <= untilMs && text.trim() !== '').slice(-MOST_LINES);
  const [first] = lines;
  const last = lines.at(-1);
  if (first === undefined || last === undefined)
    return { lines: 0, found: 0, fromMs: null, toMs: null, missing: null };
  const span = { fromMs: first.atMs - APART_MS, toMs: last.atMs + APART_MS };
  const records = await probe.search({ ...span, pod, most: MOST_RECORDS }, { deadlineMs, signal });
  const left = new Set(records);
  const missing = lines.filter((line) => !take(left, line));
  return {
    lines: lines.length,
    found: lines.length - missing.length,
    fromMs: first.atMs,
    toMs: last.atMs,
    missing: missing[0] === undefined ? null : redact(missing[0].text).slice(0, MOST_SHOWN),
  };
}

/** Each record answers for one line only. */
function take(left: Set<LogRecord>, line: DiskLine): boolean {
  for (const record of left) {
    if (Math.abs(record.timeMs - line.atMs) > APART_MS || !isSame(record.message, line.text)) continue;
    left.delete(record);
    return true;
  }
  return false;
}

/** A shipper may keep the line as it is, or only the message within a line of JSON. */
function isSame(message: string, line: string): boolean {
  const [kept, written] = [message.trim(), line.trim()];
  if (kept === written) return true;
  if (kept === '') return false;
  if (!written.startsWith('{')) return written.includes(kept) || kept.includes(written);
  try {
    return Object.values(JSON.parse(written) as Record<string, unknown>).includes(kept);
  } catch {
    return false;
  }
}
