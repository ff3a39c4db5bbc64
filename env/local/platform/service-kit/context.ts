/** Trace context in the format of W3C Trace Context (Level 1): `traceparent: 00-<trace id>-<span id>-<flags>`. */
import { randomBytes } from 'node:crypto';

export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  readonly sampled: boolean;
}

/** Neither id may be all zeros. Only versions after 00 may have more fields after the flags. */
const FORMAT =
  /^(?!ff)(?!00-.*-..-)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const SAMPLED = 1;

/** The trace context in a header; undefined if the header is missing or invalid: then the caller begins a new trace. */
export function parseTraceparent(header: unknown): TraceContext | undefined {
  const found = typeof header === 'string' ? FORMAT.exec(header.trim()) : null;
  if (found === null) return undefined;
  const [, traceId = '', spanId = '', flags = ''] = found;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

export function newSpanId(): string {
  return randomBytes(8).toString('hex');
}

/**
 * A new trace, for a request without trace context.
 * @param ratio share of new traces that are sampled; the id decides, so that every service decides the same
 */
export function newRoot(ratio: number): Omit<TraceContext, 'spanId'> {
  const traceId = randomBytes(16).toString('hex');
  return { traceId, sampled: Number.parseInt(traceId.slice(16, 24), 16) / 2 ** 32 < ratio };
}
