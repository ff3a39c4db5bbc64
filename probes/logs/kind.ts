import type { SignalKind } from '../signals/kinds.ts';
import type { SignalAddress } from '../signals/index.ts';
import type { FieldDefaults, LogFields } from './fields.ts';
import type { LogProbe } from './probe.ts';

/** A product that keeps logs. A new one is a file beside this and a line in kinds.ts. */
export interface LogKind extends SignalKind {
  fields: FieldDefaults;
  /** @param declared its section of an environment file, with the kind's own keys */
  probe(of: { declared: object; fields: LogFields; address: SignalAddress }): LogProbe;
}
