import type { Fields } from '../../reports/record/observations/index.ts';
import { LOOK_EVERY_MS } from '../../reports/record/observations/telemetry.ts';
import { faultsOf } from '../../reports/record/names/trace-faults.ts';
import type { PathHop } from '../../reports/record/names/trace-faults.ts';
import type { Trace, TraceProbe } from '../traces/index.ts';
import { SourceWatch } from './source-watch.ts';
import type { Following, Write } from './source-watch.ts';

/** Most traces queried in one look: three queries of fifty. Those queried longest ago come first. */
const AT_ONCE = 150;
/** Fewest, of a store that has a question for each and answers slowly: as many as are asked at the same time. */
const LEAST_AT_ONCE = 8;
/** Younger traces cannot be there yet: services hand their spans on in batches. */
const YOUNGEST_MS = 500;
/** Requests, for each missing service, whose stray spans are searched for. */
const EXAMPLES = 3;

/** Services on the way of a request: what a trace must hold to be whole. */
export type ExpectedPath = readonly PathHop[];

interface Awaited {
  correlationId: string;
  traceId: string;
  sentMs: number;
  askedMs: number;
  /** When the last question began that did not find it whole. */
  unseenMs: number | null;
  last: Trace | null;
}

/** Follows how requests become traces, and writes each when it is complete, or in its final state. */
export class TraceArrivals {
  readonly #probe: TraceProbe;
  readonly #expected: ExpectedPath;
  readonly #following: Following;
  readonly #write: Write;
  readonly #source: SourceWatch;
  readonly #awaited = new Map<string, Awaited>();
  #atOnce = AT_ONCE;

  constructor(probe: TraceProbe, expected: ExpectedPath, following: Following) {
    this.#probe = probe;
    this.#expected = expected;
    this.#following = following;
    this.#write = following.write;
    this.#source = new SourceWatch('traces', following.write);
  }

  answered(of: { correlationId: string; traceId: string; sentMs: number }): void {
    this.#awaited.set(of.traceId, { ...of, askedMs: 0, unseenMs: null, last: null });
  }

  get complete(): boolean {
    return this.#awaited.size === 0;
  }

  /** One look at the incomplete traces. Does not throw if the store does not answer. */
  async look(signal: AbortSignal): Promise<void> {
    const now = Date.now();
    const due = [...this.#awaited.values()]
      .filter(({ sentMs }) => now - sentMs > YOUNGEST_MS && now - sentMs < this.#following.patienceMs)
      .sort((a, b) => a.askedMs - b.askedMs)
      .slice(0, this.#atOnce);
    if (due.length > 0) await this.#ask(due, signal);
  }

  /** Looks once more at every incomplete trace, then writes it as it is. @returns whether the store answered */
  async sweep(signal: AbortSignal): Promise<boolean> {
    const answered = await this.#ask([...this.#awaited.values()], signal);
    if (!answered) return false;
    const open = [...this.#awaited.values()];
    for (const one of open) this.#tell(one, null);
    await this.#strays(open, signal);
    return true;
  }

  async #ask(due: readonly Awaited[], signal: AbortSignal): Promise<boolean> {
    return this.#source.look(signal, async () => {
      const { deadlineMs } = this.#following;
      const beganMs = Date.now();
      const found = await this.#probe.byIds(
        due.map(({ traceId }) => traceId),
        { deadlineMs, signal },
      );
      const seenMs = Date.now();
      this.#keepPace(seenMs - beganMs, due.length);
      for (const one of due) one.askedMs = seenMs;
      for (const trace of found) this.#take(trace, seenMs);
      // Those that are whole now have been written.
      for (const one of due) one.unseenMs = beganMs;
    });
  }

  /** A look is to end before the next one is due, since all in it are seen at its end. */
  #keepPace(tookMs: number, asked: number): void {
    if (tookMs > LOOK_EVERY_MS) this.#atOnce = Math.max(LEAST_AT_ONCE, Math.floor(asked / 2));
    else if (asked >= this.#atOnce) this.#atOnce = Math.min(AT_ONCE, this.#atOnce * 2);
  }

  #take(trace: Trace, seenMs: number): void {
    const one = this.#awaited.get(trace.id);
    if (one === undefined) return;
    one.last = trace;
    if (faultsOf(trace.spans, this.#expected).length > 0) return;
    this.#awaited.delete(trace.id);
    this.#tell(one, seenMs);
  }

  #tell({ correlationId, unseenMs, last }: Awaited, seenMs: number | null): void {
    this.#write({ kind: 'trace', seenMs, unseenMs, correlationId, spans: spansOf(last) });
  }

  /** Services of which spans are missing. */
  #missing(trace: Trace | null): string[] {
    const spans = trace?.spans ?? [];
    if (spans.length === 0) return this.#expected.map(({ service }) => service);
    const lost = faultsOf(spans, this.#expected).filter(({ what }) => what !== 'link');
    return [...new Set(lost.map(({ service }) => service))];
  }

  /** Finds the spans of a missing service: they form a trace of their own if the context was lost on the way. */
  async #strays(open: readonly Awaited[], signal: AbortSignal): Promise<void> {
    const asked = new Map<string, number>();
    for (const { correlationId, traceId, sentMs, last } of open) {
      for (const service of this.#missing(last)) {
        const count = asked.get(service) ?? 0;
        if (count >= EXAMPLES) continue;
        asked.set(service, count + 1);
        await this.#source.look(signal, async () => {
          const window = { fromMs: sentMs - 1000, toMs: Date.now() + 1000 };
          const found = await this.#probe.byCorrelationId(
            { service, correlationId, ...window },
            { deadlineMs: this.#following.deadlineMs, signal },
          );
          const elsewhere = found.filter(({ id }) => id !== traceId).map(({ id }) => id);
          this.#write({ kind: 'stray', correlationId, service, traces: elsewhere });
        });
      }
    }
  }

  /** Why the store does not answer; null: it does. */
  get trouble(): string | null {
    return this.#source.trouble;
  }
}

/** In the order of time. */
function spansOf(trace: Trace | null): Fields<'trace'>['spans'] {
  return (trace?.spans ?? [])
    .toSorted((a, b) => a.startMs - b.startMs)
    .map(({ id, parent, service, name, startMs, durationMs }) => [
      id,
      parent,
      service,
      name,
      rounded(startMs),
      durationMs === null ? null : rounded(durationMs),
    ]);
}

const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;
