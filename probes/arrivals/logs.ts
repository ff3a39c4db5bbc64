import { LOOK_BACK_EVERY_MS, MOST_LOG_RECORDS } from '../../reports/record/observations/telemetry.ts';
import { requestsByTrace, tracePrefixOf } from '../application/trace-ids.ts';
import type { FieldName, LogProbe, LogRecord, LogSearch } from '../logs/index.ts';
import { SourceWatch } from './source-watch.ts';
import type { Following, Write } from './source-watch.ts';

/** Searches begin this much earlier: a line may be a moment older than the sending of its request. */
const MARGIN_MS = 2_000;
/** Records carry the clock of their node: a clock up to this far off hides no record from a search from the beginning. */
const CLOCKS_MS = 900_000;
/** When a search from the beginning is repeated after the store did not answer. Ordinary looks, which query less, come between. */
const LOOK_BACK_AGAIN_MS = 2_000;

/** What is awaited in the store. */
export interface ExpectedLines {
  /** Beginning of every correlation id. */
  run: string;
  /** Nodes whose pods write numbered lines, with the correlation id `RUN/line/NODE/…`, from 1 to `lines`; none without such pods. */
  nodes: readonly string[];
  lines: number;
  /** Services that log a line of every request that was answered well. */
  services: readonly string[];
  /** So many requests whose lines are recognised by their trace ids; left out: lines have the correlation id of their request. */
  traced?: number;
}

type SearchedId = Pick<LogSearch, 'correlationId' | 'traceId'>;

/** Follows the arrival of canary lines in a store of logs, and writes each when it is first seen. */
export class LogArrivals {
  readonly #probe: LogProbe;
  readonly #expected: ExpectedLines;
  readonly #following: Following;
  readonly #write: Write;
  readonly #source: SourceWatch;
  readonly #seen = new Set<string>();
  /** Correlation ids and services whose request was answered well and whose line has not come, with their times. */
  readonly #pending = new Map<string, number>();
  /** Lines that came before the answer to their request. */
  readonly #early = new Set<string>();
  /** For each node's latest series: the highest number up to which every line has come, and that line's time. */
  readonly #correlationIds = new Map<string, Series>();
  readonly #startMs: number;
  readonly #searches: readonly SearchedId[];
  /** Numbers of requests by their trace ids; null: lines have correlation ids. */
  readonly #traced: ReadonlyMap<string, number> | null;
  #lookBackMs = Date.now() + LOOK_BACK_EVERY_MS;

  constructor(probe: LogProbe, expected: ExpectedLines, following: Following) {
    this.#probe = probe;
    this.#expected = expected;
    this.#following = following;
    this.#write = following.write;
    this.#source = new SourceWatch('logs', following.write);
    this.#startMs = following.startMs;
    this.#traced = expected.traced === undefined ? null : requestsByTrace(expected.run, expected.traced);
    this.#searches = searchesFor(expected);
  }

  /** A request was answered well: its lines are due. */
  answered(correlationId: string, sentMs: number): void {
    for (const service of this.#expected.services) {
      const key = `${correlationId}|${service}`;
      if (!this.#early.delete(key)) this.#pending.set(key, sentMs);
    }
  }

  get complete(): boolean {
    const { nodes, lines } = this.#expected;
    return (
      this.#pending.size === 0 && nodes.every((node) => (this.#correlationIds.get(node)?.upTo ?? 0) >= lines)
    );
  }

  /** One look at what may have come since the last, and now and then from the beginning. Does not throw if the store does not answer. */
  async look(signal: AbortSignal): Promise<void> {
    const now = Date.now();
    const back = now >= this.#lookBackMs;
    const answered = await this.#look(back ? this.#startMs - CLOCKS_MS : this.#fromMs(now), signal);
    if (back) this.#lookBackMs = now + (answered ? LOOK_BACK_EVERY_MS : LOOK_BACK_AGAIN_MS);
  }

  /** Searches everything once more, so that lines out of order or twice are not missed. @returns whether the store answered */
  sweep(signal: AbortSignal): Promise<boolean> {
    return this.#look(this.#startMs - CLOCKS_MS, signal);
  }

  /** Why the store does not answer; null: it does. */
  get trouble(): string | null {
    return this.#source.trouble;
  }

  async #look(fromMs: number, signal: AbortSignal): Promise<boolean> {
    const bounds = { deadlineMs: this.#following.deadlineMs, signal };
    const span = { fromMs, toMs: Date.now() + CLOCKS_MS, most: MOST_LOG_RECORDS };
    return this.#source.look(signal, async () => {
      for (const id of this.#searches) {
        const search = { ...span, ...id };
        const found = (await this.#probe.search(search, bounds)).flatMap((one) => this.#named(one, id));
        await this.#readable(found, search, signal);
        const seenMs = Date.now();
        for (const record of found) if (!this.#seen.has(record.id)) this.#take(record, seenMs);
      }
    });
  }

  /** A record that was found by its trace id, with the correlation id of the request that began the trace. */
  #named(record: LogRecord, { traceId }: SearchedId): LogRecord[] {
    if (traceId === undefined) return [record];
    const n = this.#traced?.get(record.traceId);
    return n === undefined ? [] : [{ ...record, correlationId: `${this.#expected.run}/${n}` }];
  }

  /**
   * A field that every record lacks may be declared at the wrong place: what was found would then be taken for lost, or for without an id.
   * @throws SignalError that names it, and what is there
   */
  async #readable(found: readonly LogRecord[], search: LogSearch, signal: AbortSignal): Promise<void> {
    // Only where there are writers are lines of requests compared with the nodes' disks, and so pod by pod.
    const lacking = lackingIn(found, { byPod: this.#expected.nodes.length > 0 });
    for (const field of lacking) {
      const of = field === 'number' ? { ...search, correlationId: `${this.#expected.run}/line/` } : search;
      const absence = await this.#probe.absence(field, of, {
        deadlineMs: this.#following.deadlineMs,
        signal,
      });
      if (absence !== null) throw absence;
    }
  }

  /** Time of the oldest line still awaited; lines older than the patience are not awaited any more. */
  #fromMs(now: number): number {
    const awaited = [
      ...this.#pending.values(),
      ...this.#expected.nodes.map((node) => this.#correlationIds.get(node)?.timeMs ?? this.#startMs),
    ];
    const oldest = now - this.#following.patienceMs;
    return Math.max(this.#startMs, oldest, Math.min(now, ...awaited)) - MARGIN_MS;
  }

  #take(record: LogRecord, seenMs: number): void {
    this.#seen.add(record.id);
    const { timeMs, correlationId, service, traceId, number, pod } = record;
    const line = LINE.exec(correlationId);
    if (line?.groups !== undefined) {
      const { node = '' } = line.groups;
      this.#write({ kind: 'line', seenMs, atMs: timeMs, correlationId, n: number, node: record.node });
      if (number !== null) this.#advance(node, correlationId, { n: number, timeMs });
      return;
    }
    this.#write({ kind: 'request-line', seenMs, atMs: timeMs, correlationId, service, traceId, pod });
    const key = `${correlationId}|${service}`;
    if (!this.#pending.delete(key)) this.#early.add(key);
  }

  #advance(node: string, correlationId: string, line: { n: number; timeMs: number }): void {
    const before = this.#correlationIds.get(node);
    // A line of the container's earlier life, found by looking back: the later series is awaited.
    if (before !== undefined && before.correlationId !== correlationId && line.timeMs < before.timeMs) return;
    const series =
      before?.correlationId === correlationId
        ? before
        : { correlationId, upTo: 0, timeMs: line.timeMs, ahead: new Map<number, number>() };
    this.#correlationIds.set(node, series);
    series.ahead.set(line.n, line.timeMs);
    for (let next = series.upTo + 1; series.ahead.has(next); next++) {
      series.timeMs = series.ahead.get(next) ?? series.timeMs;
      series.ahead.delete(next);
      series.upTo = next;
    }
  }
}

/** Lines of requests that are recognised by their trace ids are searched for by what these share, beside the numbered lines. */
function searchesFor({ run, nodes, traced }: ExpectedLines): SearchedId[] {
  if (traced === undefined) return [{ correlationId: `${run}/` }];
  const ofTraces = { traceId: tracePrefixOf(run) };
  return nodes.length === 0 ? [ofTraces] : [{ correlationId: `${run}/line/` }, ofTraces];
}

interface Series {
  correlationId: string;
  upTo: number;
  timeMs: number;
  /** Lines that came before one with a lower number. */
  ahead: Map<number, number>;
}

/** Correlation ids of numbered lines: `RUN/line/NODE/START`. */
const LINE = /^[^/]+\/line\/(?<node>[^/]+)\//;

/** Fields that no record has of those that should. @param of.byPod whether it matters which pod wrote the line of a request */
function lackingIn(found: readonly LogRecord[], { byPod }: { byPod: boolean }): FieldName[] {
  const none = (of: readonly LogRecord[], lacks: (one: LogRecord) => boolean): boolean =>
    of.length > 0 && of.every(lacks);
  const requests = found.filter((record) => !isLine(record));
  const lacking: FieldName[] = [];
  if (none(found.filter(isLine), ({ number }) => number === null)) lacking.push('number');
  if (none(requests, ({ service }) => service === '')) lacking.push('service');
  if (none(requests, ({ traceId }) => traceId === '')) lacking.push('traceId');
  if (byPod && none(requests, ({ pod }) => pod === '')) lacking.push('pod');
  return lacking;
}

const isLine = ({ correlationId }: LogRecord): boolean => LINE.test(correlationId);
