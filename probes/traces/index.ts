/** Stores of traces, behind one interface: an environment file only names kind and address. */
import type { TraceSettings } from '../signals/declaration.ts';
import type { SignalAddress } from '../signals/index.ts';
import { kindOf } from '../signals/kinds.ts';
import { TRACE_KINDS } from './kinds.ts';
import type { TraceProbe } from './probe.ts';

export type { CorrelationSearch, Span, SpanKind, Trace, TraceProbe } from './probe.ts';

/** The probe of a declared store; `address` includes its account. */
export function traceProbe(
  declared: Pick<TraceSettings, 'kind' | 'correlationTag' | 'path'>,
  address: SignalAddress,
): TraceProbe {
  return kindOf(TRACE_KINDS, declared.kind).probe(declared, address);
}
