import { rows, turns } from './row.ts';
import type { CatalogueRow } from './types.ts';

export const security: readonly CatalogueRow[] = [
  ...rows(
    {
      'store-access': 'No store answers without credentials',
      'admin-access': 'No admin interface answers without credentials',
    },
    {
      prefix: 'security',
      section: '2',
      access: 'r r r r r',
      goal: 'no store, Kong admin, Grafana, Prometheus or registry answers without credentials where they are declared',
      control: [turns('a store without a password')],
    },
  ),
  ...rows(
    { pods: 'No undeclared privileged pod', rbac: 'No wildcard role bound to a workload' },
    {
      prefix: 'security',
      section: '2',
      access: 'r - r r r',
      goal: "no privileged, root or host-namespace pod undeclared; no wildcard role bound to a workload; Plumbline's own rights are the least",
      control: [turns('a privileged pod')],
    },
  ),
];
