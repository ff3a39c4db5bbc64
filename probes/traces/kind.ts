import type { SignalKind } from '../signals/kinds.ts';
import type { SignalAddress } from '../signals/index.ts';
import type { TraceProbe } from './probe.ts';

/** As much of its section of an environment file as every adapter needs. */
export interface DeclaredTraces {
  /** Name of the attribute in which a span carries the correlation id of its request. */
  correlationTag: string;
  /** Services that one request passes, and the spans that they make for it. */
  path: readonly { service: string; spans: readonly { name: string }[] }[];
}

/** A product that keeps traces. A new one is a file beside this and a line in kinds.ts. */
export interface TraceKind extends SignalKind {
  probe(declared: DeclaredTraces, address: SignalAddress): TraceProbe;
}
