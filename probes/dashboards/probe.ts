import type { SignalBounds } from '../signals/index.ts';

/** One thing that was asked about, and whether it is well. */
export interface Health {
  name: string;
  ok: boolean;
  detail: string;
}

export interface DashboardState {
  found: boolean;
  title: string;
  panels: number;
  /** UIDs of the data sources that its panels name; variables are left out. */
  dataSources: string[];
}

/** What shows dashboards. Methods reject with a SignalError where it does not answer. */
export interface DashboardProbe {
  readonly kind: string;
  health(bounds: SignalBounds): Promise<Health>;
  /** Every data source, asked by the server itself. */
  dataSources(bounds: SignalBounds): Promise<Health[]>;
  dashboard(uid: string, bounds: SignalBounds): Promise<DashboardState>;
  close(): void;
}
