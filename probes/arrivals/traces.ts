import type { Trace, TraceProbe } from '../traces/index.ts';
import { Sight } from './sight.ts';
import type { Following, Write } from './sight.ts';

/** Traces asked for in one look: three questions of fifty. Those that were asked for longest ago come first. */
const AT_ONCE = 150;
/** Younger ones cannot be there yet: services hand their spans on in batches. */
const YOUNGEST_MS = 500;
/** Requests of which it is looked up where the spans of a missing service went, for each service. */
const EXAMPLES = 3;

/** What a trace must hold to be whole. */
export interface ExpectedTrace {
  services: readonly { service: string; spans: readonly string[] }[];
}

interface Awaited {
  mark: string;
  n: number;
  traceId: string;
  sentMs: number;
  askedMs: number;
  last: Trace | null;
}

/** Follows how requests become traces, and writes each when it is whole, or as it was in the end. */
export class TraceArrivals {
  readonly #probe: TraceProbe;
  readonly #expected: ExpectedTrace;
  readonly #following: Following;
  readonly #write: Write;
  readonly #sight: Sight;
  readonly #awaited = new Map<string, Awaited>();

  constructor(probe: TraceProbe, expected: ExpectedTrace, following: Following) {
    this.#probe = probe;
    this.#expected = expected;
    this.#following = following;
    this.#write = following.write;
    this.#sight = new Sight('traces', following.write);
  }

  answered(of: { mark: string; n: number; traceId: string; sentMs: number }): void {
    this.#awaited.set(of.traceId, { ...of, askedMs: 0, last: null });
  }

  get complete(): boolean {
    return this.#awaited.size === 0;
  }

  /** One look at those that are not whole. Never throws for a store that does not answer. */
  async look(signal: AbortSignal): Promise<void> {
    const now = Date.now();
    const due = [...this.#awaited.values()]
      .filter(({ sentMs }) => now - sentMs > YOUNGEST_MS && now - sentMs < this.#following.patienceMs)
      .sort((a, b) => a.askedMs - b.askedMs)
      .slice(0, AT_ONCE);
    if (due.length > 0) await this.#ask(due, signal);
  }

  /** Everything that is not whole once more; what is not now is written as it is. @returns whether the store answered */
  async sweep(signal: AbortSignal): Promise<boolean> {
    const answered = await this.#ask([...this.#awaited.values()], signal);
    if (!answered) return false;
    const open = [...this.#awaited.values()];
    for (const { mark, n, traceId, last } of open)
      this.#write({ kind: 'trace', seenMs: null, mark, n, traceId, spans: spansOf(last) });
    await this.#strays(open, signal);
    return true;
  }

  async #ask(due: readonly Awaited[], signal: AbortSignal): Promise<boolean> {
    return this.#sight.look(signal, async () => {
      const { deadlineMs } = this.#following;
      const found = await this.#probe.byIds(
        due.map(({ traceId }) => traceId),
        { deadlineMs, signal },
      );
      const seenMs = Date.now();
      for (const one of due) one.askedMs = seenMs;
      for (const trace of found) this.#take(trace, seenMs);
    });
  }

  #take(trace: Trace, seenMs: number): void {
    const one = this.#awaited.get(trace.id);
    if (one === undefined) return;
    one.last = trace;
    if (this.#missing(trace).length > 0) return;
    this.#awaited.delete(trace.id);
    const { mark, n, traceId } = one;
    this.#write({ kind: 'trace', seenMs, mark, n, traceId, spans: spansOf(trace) });
  }

  /**
   * Services of which something is not there yet: their spans, one of those that are declared, or the span above one. Services hand their
   * spans on apart from each other, and a link cannot be judged before both of its ends are there; only the first service's goes up to
   * the one who asked, whose span is in no store.
   */
  #missing(trace: Trace | null): string[] {
    const all = trace?.spans ?? [];
    const ids = new Set(all.map(({ id }) => id));
    return this.#expected.services
      .filter(({ service, spans }, index) => {
        const own = all.filter((span) => span.service === service);
        const orphaned = own.some(({ parent }) => parent !== null && !ids.has(parent));
        const lacking = spans.some((name) => !own.some((span) => isNamed(span.name, name)));
        return own.length === 0 || lacking || (index > 0 && orphaned);
      })
      .map(({ service }) => service);
  }

  /** Where the spans of a missing service are: in a trace of their own, where the context was lost on the way to it. */
  async #strays(open: readonly Awaited[], signal: AbortSignal): Promise<void> {
    const asked = new Map<string, number>();
    for (const { mark, n, traceId, sentMs, last } of open) {
      for (const service of this.#missing(last)) {
        const count = asked.get(service) ?? 0;
        if (count >= EXAMPLES) continue;
        asked.set(service, count + 1);
        await this.#sight.look(signal, async () => {
          const window = { fromMs: sentMs - 1000, toMs: Date.now() + 1000 };
          const found = await this.#probe.byMark(
            { service, mark, ...window },
            { deadlineMs: this.#following.deadlineMs, signal },
          );
          const elsewhere = found.filter(({ id }) => id !== traceId).map(({ id }) => id);
          this.#write({ kind: 'stray', mark, n, service, traces: elsewhere });
        });
      }
    }
  }

  /** Why the store does not answer; null: it does. */
  get trouble(): string | null {
    return this.#sight.trouble;
  }
}

/** Names may have what they are about behind them: `SET tender:17` is a `SET`. */
export function isNamed(seen: string, expected: string): boolean {
  return seen === expected || seen.startsWith(`${expected} `);
}

/** `[id, parent, service, name, kind, startMs, durationMs]`, in the order of time. */
function spansOf(trace: Trace | null): unknown[] {
  return (trace?.spans ?? [])
    .toSorted((a, b) => a.startMs - b.startMs)
    .map(({ id, parent, service, name, kind, startMs, durationMs }) => [
      ...[id, parent, service, name, kind],
      ...[Math.round(startMs * 1000) / 1000, Math.round(durationMs * 1000) / 1000],
    ]);
}
