import { numberOf, textOf } from './fields.ts';
import type { FieldName } from './fields.ts';
import type { LogRecord } from './probe.ts';

type Named = 'service' | 'traceId' | 'correlationId' | 'number' | 'node' | 'namespace' | 'pod';

/** What a record has under declared names. @param of the value of a field in it */
export function namedIn(of: (field: FieldName) => unknown): Pick<LogRecord, Named> {
  const text = (field: FieldName): string => textOf(of(field));
  return {
    service: text('service'),
    traceId: text('traceId'),
    correlationId: text('correlationId'),
    number: numberOf(of('number')),
    node: text('node'),
    namespace: text('namespace'),
    pod: text('pod'),
  };
}
