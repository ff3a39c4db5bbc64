/** Why a field of log records is empty: the environment file may look for it in the wrong place. */
import { keyOf } from './fields.ts';
import type { FieldName, LogField } from './fields.ts';
import type { LogSearch } from './probe.ts';

export type IdField = 'correlationId' | 'traceId';

/** Names that a message lists. */
const MOST = 12;

/** Ids of traces have 32 hexadecimal digits (W3C Trace Context, level 1). */
const isTraceId = (text: string): boolean => /^[0-9a-f]{32}$/i.test(text);

/**
 * What to say of a field that none of the records has.
 * @param leaves paths and values of one of them
 * @param isIt whether a value is one of the field, where that can be told
 * @returns null where nothing shows that it is declared wrongly: services may really write none
 */
export function absentText(
  of: FieldName,
  { source }: Pick<LogField, 'source'>,
  { leaves, isIt }: { leaves: readonly [string, string][]; isIt?: (text: string) => boolean },
): string | null {
  const looksRight = isIt ?? (of === 'traceId' ? isTraceId : () => false);
  const elsewhere = leaves.find(([, text]) => looksRight(text))?.[0];
  const none = `no record has \`${source}\` (${keyOf(of, 'source')})`;
  if (elsewhere !== undefined) return `${none}; such a value stands at \`${elsewhere}\``;
  if (of === 'traceId' && isIt === undefined) return null;
  return `${none}; a record has ${listed(leaves.map(([path]) => path))}`;
}

/** Whether a value is that of the field for which records were found; null: it cannot be told. */
export function valueTest(of: FieldName, search: LogSearch): ((text: string) => boolean) | null {
  const begin = of === 'correlationId' || of === 'traceId' ? search[of] : undefined;
  return begin === undefined ? null : (text) => text.startsWith(begin);
}

/** The id that a search is for. */
export function searchedId({ correlationId, traceId }: LogSearch): { field: IdField; begin: string } | null {
  if (correlationId !== undefined) return { field: 'correlationId', begin: correlationId };
  return traceId === undefined ? null : { field: 'traceId', begin: traceId };
}

export function listed(names: readonly string[]): string {
  if (names.length === 0) return 'no field at all';
  const more = names.length > MOST ? `, and ${names.length - MOST} more` : '';
  return `${names.slice(0, MOST).join(', ')}${more}`;
}
