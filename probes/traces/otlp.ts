/** Traces as OTLP has them in JSON, such as Jaeger's API v3 answers. */
import { z } from 'zod';
import { spanId, spanKind } from './probe.ts';
import type { Span } from './probe.ts';

const value = z.object({ stringValue: z.string().optional() }).catchall(z.unknown());
const attributes = z.array(z.object({ key: z.string(), value })).default([]);
/** A text in protobuf's JSON, since a number of this size is known to 256 ns only. */
const nanos = z.union([z.string().regex(/^\d+$/), z.int()]).default(0);
const span = z.object({
  traceId: z.string().default(''),
  spanId: z.string(),
  parentSpanId: z.string().default(''),
  name: z.string().default(''),
  kind: z.union([z.string(), z.number()]).default(''),
  startTimeUnixNano: nanos,
  endTimeUnixNano: nanos,
  attributes,
});
const batch = z.object({
  resource: z.object({ attributes }).default({ attributes: [] }),
  scopeSpans: z.array(z.object({ spans: z.array(span).default([]) })).default([]),
});

/** `resourceSpans` of opentelemetry-proto 1.5, trace.proto; protobuf leaves out what has its default. */
export const resourceSpans = z.array(batch).default([]);
export type ResourceSpans = z.infer<typeof resourceSpans>;

/** OTLP's numbers of kinds (opentelemetry-proto, trace.proto). */
const KINDS: readonly string[] = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

/** Each span with the id of its trace, 32 hexadecimal digits; empty where the answer does not have it. */
export function spansOf(batches: ResourceSpans, correlationTag: string): { trace: string; span: Span }[] {
  return batches.flatMap(({ resource, scopeSpans }) => {
    const service = textOf(resource.attributes, 'service.name') ?? '';
    return scopeSpans.flatMap(({ spans }) =>
      spans.map((one) => {
        const [start, end] = [nanosOf(one.startTimeUnixNano), nanosOf(one.endTimeUnixNano)];
        const parent = hexOf(one.parentSpanId, 8);
        return {
          trace: hexOf(one.traceId, 16),
          span: {
            id: spanId(hexOf(one.spanId, 8)),
            parent: /^0*$/.test(parent) ? null : spanId(parent),
            service,
            name: one.name,
            kind: spanKind(typeof one.kind === 'number' ? KINDS[one.kind] : one.kind),
            startMs: msOf(start),
            durationMs: end === 0n ? null : msOf(end - start),
            correlationId: textOf(one.attributes, correlationTag) ?? null,
          },
        };
      }),
    );
  });
}

const nanosOf = (nanos: string | number): bigint => BigInt(nanos);
/** Nanoseconds in ms, to the microsecond. */
const msOf = (nanos: bigint): number => Number(nanos / 1000n) / 1000;

function textOf(of: z.infer<typeof attributes>, key: string): string | undefined {
  return of.find((one) => one.key === key)?.value.stringValue;
}

/** OTLP's JSON has ids in hexadecimal digits; protobuf's own JSON has bytes in base64. Both have a length that the other cannot have. */
function hexOf(id: string, bytes: number): string {
  if (id === '' || new RegExp(`^[0-9a-f]{${2 * bytes}}$`, 'i').test(id)) return id.toLowerCase();
  return Buffer.from(id, 'base64').toString('hex');
}
