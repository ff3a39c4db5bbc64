/** Stores of logs, behind one interface: an environment file only names kind, address and fields. */
import type { LogSettings } from '../signals/declaration.ts';
import type { SignalAddress } from '../signals/index.ts';
import { ElasticsearchLogProbe } from './elasticsearch.ts';
import type { LogProbe } from './probe.ts';

export type { LogProbe, LogRecord, LogSearch } from './probe.ts';

/** The probe of a declared store; `address` has its account. */
export function logProbe(
  { index, fields }: Pick<LogSettings, 'index' | 'fields'>,
  address: SignalAddress,
): LogProbe {
  return new ElasticsearchLogProbe({ address, index, fields });
}
