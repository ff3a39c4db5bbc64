import type { SignalKind } from '../signals/kinds.ts';
import type { SignalAddress } from '../signals/index.ts';
import type { LogFields } from './fields.ts';
import type { LogProbe } from './probe.ts';

/** A product that keeps logs. A new one is a file beside this and a line in kinds.ts. */
export interface LogKind extends SignalKind {
  probe(of: { index: string; fields: LogFields; address: SignalAddress }): LogProbe;
}
