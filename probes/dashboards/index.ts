/** Servers of dashboards, behind one interface. */
import type { DashboardSettings } from '../signals/declaration.ts';
import type { SignalAddress } from '../signals/index.ts';
import { GrafanaProbe } from './grafana.ts';
import type { DashboardProbe } from './probe.ts';

export { askKibana } from './kibana.ts';
export type { DashboardProbe, DashboardState, Health, SourceHealth } from './probe.ts';

const PROBES: Record<DashboardSettings['kind'], new (address: SignalAddress) => DashboardProbe> = {
  grafana: GrafanaProbe,
};

export function dashboardProbe(
  { kind }: Pick<DashboardSettings, 'kind'>,
  address: SignalAddress,
): DashboardProbe {
  return new PROBES[kind](address);
}
