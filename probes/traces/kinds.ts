import { jaeger } from './jaeger.ts';
import { jaeger2 } from './jaeger2.ts';
import type { TraceKind } from './kind.ts';
import { zipkin } from './zipkin.ts';

/** Every kind of store of traces, in the order of lists. */
export const TRACE_KINDS: readonly TraceKind[] = [jaeger, jaeger2, zipkin];
