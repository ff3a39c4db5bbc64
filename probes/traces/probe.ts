import { insteadOf, SignalClient, SignalError } from '../signals/index.ts';
import type { SignalAddress, SignalBounds } from '../signals/index.ts';

export type SpanKind = 'server' | 'client' | 'producer' | 'consumer' | 'internal';

/** One span, whatever store it comes from. */
export interface Span {
  /** 16 hexadecimal digits. */
  id: string;
  /** null: it begins the trace. */
  parent: string | null;
  service: string;
  name: string;
  kind: SpanKind;
  /** Wall clock ms. */
  startMs: number;
  /** null: the store does not say. */
  durationMs: number | null;
  /** The correlation id of the request, where the span carries one. */
  correlationId: string | null;
}

export interface Trace {
  /** 32 hexadecimal digits. */
  id: string;
  spans: Span[];
}

export interface CorrelationSearch {
  service: string;
  correlationId: string;
  /** Wall clock ms. */
  fromMs: number;
  toMs: number;
}

/** A store of traces. Every question is bounded by ids, or by correlation id and time. */
export interface TraceProbe {
  readonly kind: string;
  /**
   * Those of the traces that exist; a missing one is not an error.
   * @throws SignalError if the store does not answer; the reason of the signal
   */
  byIds(ids: readonly string[], bounds: SignalBounds): Promise<Trace[]>;
  /** Traces in which a span of the service carries the correlation id, at most a few: they show where spans without context went. */
  byCorrelationId(search: CorrelationSearch, bounds: SignalBounds): Promise<Trace[]>;
  close(): void;
}

/** What every store of traces that is asked over HTTP has. */
export abstract class HttpTraces {
  protected readonly client: SignalClient;
  /** Name of the attribute in which a span carries the correlation id of its request. */
  protected readonly correlationTag: string;
  /** Something of what it keeps was seen: then a trace that is missing is missing. */
  #known = false;

  constructor(address: SignalAddress, correlationTag: string) {
    this.client = new SignalClient(address);
    this.correlationTag = correlationTag;
  }

  close(): void {
    this.client.close();
  }

  /**
   * Nothing found says nothing where nothing at all is kept: some products answer another tenant's name so.
   * @param services names of those that it has traces of
   * @throws SignalError that says so
   */
  protected async notEmpty(
    of: { asked: readonly string[]; found: readonly Trace[] },
    services: () => Promise<readonly string[]>,
  ): Promise<void> {
    if (of.found.length > 0) this.#known = true;
    if (this.#known || of.asked.length === 0) return;
    this.#known = (await services()).length > 0;
    if (this.#known) return;
    throw new SignalError(
      `${this.client.url}: it knows no service at all: maybe another tenant or another store has the traces, or none arrives here`,
      { reason: 'absent' },
    );
  }

  /** Whether a 404 says that a trace is not there. @throws SignalError where it says that the path is not, or something else answers */
  protected isMissing(answer: { status: number; text: string; location: string }, path: string): boolean {
    if (answer.status !== 404) return false;
    if (insteadOf(answer) !== null || NO_PATH.test(answer.text)) this.client.parsed(answer, path);
    return true;
  }
}

/** Words of Go's and of common gateways for a path that nobody serves. */
const NO_PATH = /page not found|no route|cannot get/i;

/** Questions at a time to a store that has one for each trace. */
const AT_ONCE = 8;

/** Asks for each of the ids, a few at a time. @returns what came, without what is not there */
export async function eachTrace(
  ids: readonly string[],
  ask: (id: string) => Promise<Trace | null>,
): Promise<Trace[]> {
  const found: Trace[] = [];
  for (const some of groupsOf(ids, AT_ONCE))
    found.push(...(await Promise.all(some.map(ask))).filter((one) => one !== null));
  return found;
}

/** Ids as many at a time as go into one question: 50 make a URL of 2 KB and an answer of some MB. */
export function groupsOf(ids: readonly string[], most = 50): string[][] {
  return Array.from({ length: Math.ceil(ids.length / most) }, (_, at) =>
    ids.slice(at * most, (at + 1) * most),
  );
}

/** Ids as all stores are asked for them: stores leave out leading zeros. */
export function traceId(text: string): string {
  return text.toLowerCase().padStart(32, '0');
}

export function spanId(text: string): string {
  return text.toLowerCase().padStart(16, '0');
}

const KINDS: readonly string[] = ['server', 'client', 'producer', 'consumer'];

/** `SPAN_KIND_SERVER`, `SERVER` and `server` are the same. */
export function spanKind(text: unknown): SpanKind {
  const word = typeof text === 'string' ? text.toLowerCase().replace(/^span_kind_/, '') : '';
  return KINDS.includes(word) ? (word as SpanKind) : 'internal';
}
