/** Stores of logs, behind one interface: an environment file only names kind, address and fields. */
import type { LogSettings } from '../signals/declaration.ts';
import type { SignalAddress } from '../signals/index.ts';
import { kindOf } from '../signals/kinds.ts';
import { resolved } from './fields.ts';
import type { LogFields } from './fields.ts';
import { LOG_KINDS } from './kinds.ts';
import type { LogProbe } from './probe.ts';

export { fieldOf, keyOf, leavesOf, objectIn } from './fields.ts';
export type { FieldName, LogFields } from './fields.ts';
export type { LogProbe, LogRecord, LogSearch } from './probe.ts';

/** Names of the fields of a declared store. */
export function logFieldsOf({ fields }: Pick<LogSettings, 'fields'>): LogFields {
  return resolved(fields);
}

/** The probe of a declared store; `address` has its account. */
export function logProbe(
  declared: Pick<LogSettings, 'kind' | 'index' | 'fields'>,
  address: SignalAddress,
): LogProbe {
  const { kind, index } = declared;
  return kindOf(LOG_KINDS, kind).probe({ index, fields: logFieldsOf(declared), address });
}
