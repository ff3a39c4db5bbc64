/** Traces of canary requests, as they were followed. */
import type { History } from '../../record/history/history.ts';
import type { Seen } from '../../record/observations/index.ts';
import { faultsOf as faultsIn } from '../../record/names/trace-faults.ts';
import type { TraceFault, TraceSpan } from '../../record/names/trace-faults.ts';
import { all } from '../observed.ts';
import { once } from '../once.ts';
import type { Findings } from '../topology/findings.ts';
import { sweptRule } from './observed.ts';
import type { Hop, CanaryRequest } from './observed.ts';

export type Fault = TraceFault;

export interface Span extends TraceSpan {
  startMs: number;
}

export interface FoundTrace extends Pick<
  Seen<'trace'>,
  'correlationId' | 'n' | 'traceId' | 'seenMs' | 'unseenMs'
> {
  readonly spans: readonly Span[];
}

const traceOf = once(({ correlationId, n, traceId, seenMs, unseenMs, spans }: Seen<'trace'>): FoundTrace => ({
  correlationId,
  n,
  traceId,
  seenMs,
  unseenMs,
  spans: spans.map(([id, parent, service, name, startMs]) => ({ id, parent, service, name, startMs })),
}));

/** By the request's correlation id. */
export function tracesOf(history: History): Map<string, FoundTrace> {
  return new Map(all(history, 'trace').map((seen) => [seen.correlationId, traceOf(seen)]));
}

const lackedBy = once(({ spans }: FoundTrace) =>
  once((path: readonly Hop[]): readonly Fault[] => faultsIn(spans, path)),
);

/** Everything that is missing from the trace; empty: it is complete. */
export function faultsOf(trace: FoundTrace | undefined, path: readonly Hop[]): readonly Fault[] {
  return trace === undefined ? faultsIn([], path) : lackedBy(trace)(path);
}

/** The history has one trace for each accepted request, and its summary agrees with its spans. */
export function tracesRule(
  history: History,
  findings: Findings,
  of: { good: readonly CanaryRequest[]; traces: ReadonlyMap<string, FoundTrace>; path: readonly Hop[] },
): void {
  const { good, traces, path } = of;
  sweptRule(history, findings, { store: 'traces', found: all(history, 'trace').length });
  findings.rule('followed');
  const odd = good.find((request) => !fits(request, traces.get(request.correlationId), path));
  const expected = 'one record of its trace that agrees with its spans';
  if (odd !== undefined)
    findings.unknown(`request ${odd.correlationId}`, expected, 'none, or one that does not agree');
  else if (traces.size !== good.length)
    findings.unknown('traces', 'one for each accepted request', `${traces.size} of ${good.length}`);
  else findings.expect('traces', true, 'one for each accepted request', `${traces.size}`);
}

/** The recorded time of completion and the recorded faults must agree with the spans. */
function fits(request: CanaryRequest, trace: FoundTrace | undefined, path: readonly Hop[]): boolean {
  if (trace === undefined || trace.n !== request.n || trace.traceId !== request.traceId) return false;
  const whole = faultsOf(trace, path).length === 0;
  return whole === (trace.seenMs !== null) && (trace.seenMs === null || trace.seenMs >= request.sentMs);
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
