/** Receivers of alerts, behind one interface. */
import type { AlertSettings } from '../signals/declaration.ts';
import type { SignalAddress } from '../signals/index.ts';
import { AlertmanagerProbe } from './alertmanager.ts';
import type { AlertProbe } from './probe.ts';

export type { Alert, AlertProbe } from './probe.ts';

const PROBES: Record<AlertSettings['kind'], new (address: SignalAddress) => AlertProbe> = {
  alertmanager: AlertmanagerProbe,
};

export function alertProbe({ kind }: Pick<AlertSettings, 'kind'>, address: SignalAddress): AlertProbe {
  return new PROBES[kind](address);
}
