/** Traces of canary requests, as they were followed. */
import type { History } from '../../../reports/record/history/history.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import { faultsOf as faultsIn } from '../../../reports/record/names/trace-faults.ts';
import type { TraceFault, TraceSpan } from '../../../reports/record/names/trace-faults.ts';
import { all } from '../../../reports/judge/observed.ts';
import { once } from '../../../reports/judge/once.ts';
import type { Findings } from '../../../reports/judge/topology/findings.ts';
import { offsetsBy, ownMs } from '../../../reports/judge/telemetry/clocks.ts';
import type { Offset } from '../../../reports/judge/telemetry/clocks.ts';
import { sweptRule } from './observed.ts';
import type { Hop, CanaryRequest } from './observed.ts';

export type Fault = TraceFault;

export interface Span extends TraceSpan {
  startMs: number;
  /** When it began, where its store does not say how long it took. */
  endMs: number;
}

export interface FoundTrace extends Pick<Seen<'trace'>, 'seenMs' | 'unseenMs'> {
  readonly spans: readonly Span[];
}

function traceOf(history: History, { t, seenMs, unseenMs, spans }: Seen<'trace'>): FoundTrace {
  const setMs = seenMs === null ? 0 : ownMs(history, t, seenMs) - seenMs;
  return {
    seenMs: seenMs === null ? null : seenMs + setMs,
    unseenMs: unseenMs === null ? null : unseenMs + setMs,
    spans: spans.map(([id, parent, service, name, startMs, durationMs]) => {
      return { id, parent, service, name, startMs, endMs: startMs + (durationMs ?? 0) };
    }),
  };
}

/** By the request's correlation id. */
export const tracesOf = once(
  (history: History): ReadonlyMap<string, FoundTrace> =>
    new Map(all(history, 'trace').map((seen) => [seen.correlationId, traceOf(history, seen)])),
);

/** Clocks of the services, by what their spans tell. */
export function spanClocks(
  good: readonly CanaryRequest[],
  traces: ReadonlyMap<string, FoundTrace>,
): ReadonlyMap<string, Offset | null> {
  return offsetsBy(
    good.flatMap(({ correlationId, sentMs }) => {
      const { seenMs = null, spans = [] } = traces.get(correlationId) ?? {};
      return seenMs === null
        ? []
        : spans.map(({ service, startMs }) => ({ by: service, atMs: startMs, sentMs, seenMs }));
    }),
  );
}

/** A span is of one request alone: a store that gives the same spans for several has not kept those of each. */
export function ownSpansRule(findings: Findings, traces: ReadonlyMap<string, FoundTrace>): void {
  findings.rule('own-spans');
  const first = new Map<string, string>();
  const shared = new Set<string>();
  for (const [correlationId, { spans }] of traces)
    for (const { id } of spans)
      if ((first.get(id) ?? correlationId) === correlationId) first.set(id, correlationId);
      else shared.add(correlationId);
  const [one] = shared;
  findings.expect(
    'spans of traces',
    one === undefined,
    'each in the trace of one request',
    one === undefined ? `${first.size} spans` : `${shared.size} traces have spans of others, such as ${one}`,
  );
}

const lackedBy = once(({ spans }: FoundTrace) =>
  once((path: readonly Hop[]): readonly Fault[] => faultsIn(spans, path)),
);

/** Everything that is missing from the trace; empty: it is complete. */
export function faultsOf(trace: FoundTrace | undefined, path: readonly Hop[]): readonly Fault[] {
  return trace === undefined ? faultsIn([], path) : lackedBy(trace)(path);
}

/** Each accepted request was followed until its trace was whole, or to the end. */
export function tracesRule(
  history: History,
  findings: Findings,
  {
    good,
    traces,
    path,
  }: {
    good: readonly CanaryRequest[];
    traces: ReadonlyMap<string, FoundTrace>;
    path: readonly Hop[];
  },
): void {
  sweptRule(history, findings, 'traces');
  findings.rule('followed');
  const lost = good.find(({ correlationId }) => {
    const trace = traces.get(correlationId);
    return trace === undefined || (faultsOf(trace, path).length === 0) !== (trace.seenMs !== null);
  });
  const expected = 'what became of the trace of each accepted request';
  if (lost !== undefined) findings.unknown(`request ${lost.correlationId}`, expected, 'not followed');
  else if (traces.size !== good.length)
    findings.unknown('traces', expected, `${traces.size} of ${good.length}`);
  else findings.expect('traces', true, expected, `${traces.size}`);
}

/** Services whose spans were found in a trace of their own, with how many requests show it: the context was lost on the way there. */
export function straysOf(history: History): Map<string, number> {
  const found = new Map<string, number>();
  for (const { service, traces } of all(history, 'stray')) {
    if (traces.length === 0) continue;
    found.set(service, (found.get(service) ?? 0) + 1);
  }
  return found;
}
