import type { DashboardSettings } from '../signals/declaration.ts';

interface Product {
  label: string;
  /** Where an environment file declares one, below `telemetry`. */
  declaredBy: string;
  /** A stand-in is none. */
  isIn: (declared: DashboardSettings) => boolean;
  /** The version that has answered its adapter; null: it follows the documentation alone. */
  metWith: string | null;
}

/** Products that show dashboards. */
export const DASHBOARD_PRODUCTS: readonly Product[] = [
  {
    label: 'Grafana',
    declaredBy: 'dashboards.kind: grafana',
    metWith: null,
    isIn: ({ stubbed }) => !stubbed,
  },
  {
    label: 'Kibana',
    declaredBy: 'dashboards.kibana',
    metWith: null,
    isIn: ({ kibana }) => kibana !== undefined,
  },
];
