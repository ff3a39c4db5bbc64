import { monoMs } from '../../host/clock.ts';
import type { HistoryWriter } from '../../probes/history.ts';
import type { EventObject, KubeCluster, PodObject } from '../../probes/kubernetes/index.ts';
import { withoutTokens } from '../../probes/redact.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** Of one trial, all in all: 100 trials then weigh 3 MB in their histories. */
const TRIAL_BYTES = 32 * 1024;
/** Of one container's log. */
const LOG_BYTES = 6 * 1024;
/** Requested from the server per container; less is kept. */
const ASKED_BYTES = 512 * 1024;
const MAX_EVENTS = 40;
const EVENT_CHARS = 400;
/** Before the fault and after the recovery: what led to it, and what followed. */
const MARGIN_MS = 3_000;
const CALL_DEADLINE_MS = 10_000;
/** A character that is cut in two becomes U+FFFD, at most this much longer. */
const CUT_CHARACTER_BYTES = 3;

export interface Seconds {
  fromMs: number;
  toMs: number;
}

export interface EvidenceSource {
  cluster: Pick<KubeCluster, 'list' | 'logs'>;
  namespace: string;
  prefixes: readonly string[];
  /** The container to read; without it the pod's first. */
  container?: string | undefined;
  seconds: Seconds;
  signal: AbortSignal;
  /** Takes secrets out before a log is cut: half a secret would not be recognised. */
  redact: (text: string) => string;
}

interface Piece {
  source: string;
  text: string;
  at?: string;
}

/**
 * Writes logs and events of the seconds of a fault as `evidence`, for people; no verdict rests on it. If they cannot be read, the reason
 * takes their place. Never throws. Of logs, what looks like a token is taken out as well: nobody here knows what others show to each other.
 */
export async function collectEvidence(source: EvidenceSource, writer: HistoryWriter): Promise<void> {
  let left = TRIAL_BYTES;
  for (const piece of [...(await eventsOf(source)), ...(await logsOf(source))]) {
    const text = cutMiddle(piece.text, left);
    if (text === '') break;
    left -= Buffer.byteLength(text);
    writer.observe({ kind: 'evidence', ...piece, text });
  }
}

async function logsOf(source: EvidenceSource): Promise<Piece[]> {
  const pods = await podsOf(source);
  const pieces = await Promise.all(
    pods.map(async (pod) => [await logOf(source, pod, true), await logOf(source, pod, false)]),
  );
  return pieces.flat().filter((piece) => piece !== null);
}

async function podsOf({ cluster, namespace, prefixes }: EvidenceSource): Promise<PodObject[]> {
  const listed = await cluster.list({ kind: 'v1/Pod', namespace });
  return listed.items.filter(({ metadata }) => isOf(prefixes, metadata.name));
}

/** The log of a container from before or since its restart; null if it has none from those seconds. */
async function logOf(source: EvidenceSource, pod: PodObject, previous: boolean): Promise<Piece | null> {
  const { cluster, namespace, seconds, signal } = source;
  const { name } = pod.metadata;
  const container = source.container ?? pod.spec.containers[0]?.name;
  const from = wallOf(seconds.fromMs - MARGIN_MS);
  const to = wallOf(seconds.toMs + MARGIN_MS);
  const life = previous ? ' (its life before)' : '';
  const piece = { source: `logs ${namespace}/${name}${life}`, at: from.toISOString() };
  try {
    const text = await cluster.logs(
      {
        namespace,
        pod: name,
        ...(container !== undefined && { container }),
        previous,
        timestamps: true,
        sinceTime: from.toISOString(),
        limitBytes: ASKED_BYTES,
      },
      AbortSignal.any([signal, AbortSignal.timeout(CALL_DEADLINE_MS)]),
    );
    const kept = linesUntil(text, to);
    return kept === '' ? null : { ...piece, text: cutMiddle(withoutTokens(source.redact(kept)), LOG_BYTES) };
  } catch (error) {
    // Most containers have not been restarted.
    return previous ? null : { ...piece, text: `no log: ${messageOf(error)}` };
  }
}

/** Lines begin with their time; one without belongs to the line before it. */
function linesUntil(text: string, to: Date): string {
  const kept: string[] = [];
  for (const line of text.split('\n')) {
    const at = Date.parse(line.split(' ', 1)[0] ?? '');
    if (!Number.isNaN(at) && at > to.getTime()) break;
    kept.push(line);
  }
  return kept.join('\n').trimEnd();
}

async function eventsOf({ cluster, namespace, prefixes, seconds }: EvidenceSource): Promise<Piece[]> {
  const from = wallOf(seconds.fromMs - MARGIN_MS).getTime();
  const to = wallOf(seconds.toMs + MARGIN_MS).getTime();
  try {
    const { items, unavailable } = await cluster.list({ kind: 'v1/Event', namespace });
    if (unavailable !== undefined)
      return [{ source: `events ${namespace}`, text: `no events: ${unavailable}` }];
    const told = items
      .filter((event) => isOf(prefixes, event.involvedObject.name ?? ''))
      .map((event) => ({ event, at: timeOf(event) }))
      .filter(({ at }) => at >= from && at <= to)
      .sort((a, b) => a.at - b.at)
      .slice(0, MAX_EVENTS);
    if (told.length === 0) return [];
    const text = told.map(({ event, at }) => `${new Date(at).toISOString()} ${sentence(event)}`).join('\n');
    return [
      { source: `events ${namespace}: ${prefixes.join(', ')}`, at: new Date(from).toISOString(), text },
    ];
  } catch (error) {
    return [{ source: `events ${namespace}`, text: `no events: ${messageOf(error)}` }];
  }
}

function sentence({ involvedObject, reason = '', message = '' }: EventObject): string {
  const line = `${involvedObject.kind ?? ''}/${involvedObject.name ?? ''} ${reason}: ${message}`;
  return line.replaceAll(/\s+/g, ' ').slice(0, EVENT_CHARS);
}

/** Events have whole seconds only: one of the fault's own second counts. */
function timeOf(event: EventObject): number {
  return Date.parse(event.eventTime ?? event.lastTimestamp ?? event.metadata.creationTimestamp ?? '');
}

/** `postgres` is the object itself, `postgres-0` one of its pods, `postgres-0.18a…` nothing of it. */
function isOf(prefixes: readonly string[], name: string): boolean {
  return prefixes.some((prefix) => name === prefix || name.startsWith(`${prefix}-`));
}

/** Begin and end are kept: the beginning says what broke, the end how it came back. */
export function cutMiddle(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  const note = `\n… ${bytes.length - maxBytes} bytes left out …\n`;
  const room = Math.floor((maxBytes - Buffer.byteLength(note)) / 2) - CUT_CHARACTER_BYTES;
  if (room <= 0) return '';
  return `${bytes.subarray(0, room).toString('utf8')}${note}${bytes.subarray(bytes.length - room).toString('utf8')}`;
}

function wallOf(ms: number): Date {
  return new Date(Date.now() - (monoMs() - ms));
}

function messageOf(error: unknown): string {
  return errorText(error).slice(0, 300);
}
