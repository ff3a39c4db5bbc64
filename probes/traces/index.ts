/** Stores of traces, behind one interface: an environment file only names kind and address. */
import type { TraceSettings } from '../signals/declaration.ts';
import type { SignalAddress } from '../signals/index.ts';
import { JaegerProbe } from './jaeger.ts';
import type { TraceProbe } from './probe.ts';
import { TempoProbe } from './tempo.ts';
import { ZipkinProbe } from './zipkin.ts';

export type { CorrelationSearch, Span, SpanKind, Trace, TraceProbe } from './probe.ts';

const PROBES = { jaeger: JaegerProbe, tempo: TempoProbe, zipkin: ZipkinProbe } as const;

/** The probe of a declared store; `address` includes its account. */
export function traceProbe(
  { kind, correlationTag }: Pick<TraceSettings, 'kind' | 'correlationTag'>,
  address: SignalAddress,
): TraceProbe {
  return new PROBES[kind](address, correlationTag);
}
