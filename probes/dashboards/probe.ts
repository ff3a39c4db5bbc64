import type { SignalBounds } from '../signals/index.ts';

/** One thing that was queried, and whether it is well. */
export interface Health {
  name: string;
  ok: boolean;
  detail: string;
}

/** A data source; null: the server cannot ask it, which says nothing of it. */
export interface SourceHealth extends Omit<Health, 'ok'> {
  ok: boolean | null;
  /** It did not answer, or something else did in its place: whether it is broken is unknown. */
  isUnanswered?: true;
}

export interface DashboardState {
  found: boolean;
  /** Panels that are shown at once, at the least: those of a collapsed row are not. */
  panels: number;
  /** Those that are not. */
  hidden: number;
}

/** A server of dashboards. Methods reject with a SignalError if it does not answer. */
export interface DashboardProbe {
  readonly kind: string;
  health(bounds: SignalBounds): Promise<Health>;
  /** Every data source, as queried by the server itself. */
  dataSources(bounds: SignalBounds): Promise<SourceHealth[]>;
  dashboard(uid: string, bounds: SignalBounds): Promise<DashboardState>;
  close(): void;
}
