import { rows, wouldFail } from '../catalogue/row.ts';
import type { CatalogueRow } from '../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  ...rows(
    {
      'store-access': 'No store answers without credentials',
      'admin-access': 'No admin interface answers without credentials',
    },
    {
      prefix: 'security',
      order: 190,
      section: '2',
      access: 'r r r r r',
      goal: 'no store, Kong admin, Grafana, Prometheus or registry answers without credentials where they are declared',
      planned: [wouldFail('a store without a password')],
    },
  ),
  ...rows(
    { pods: 'No undeclared privileged pod', rbac: 'No wildcard role bound to a workload' },
    {
      prefix: 'security',
      order: 210,
      section: '2',
      access: 'r - r r r',
      goal: "no privileged, root or host-namespace pod undeclared; no wildcard role bound to a workload; Plumbline's own rights are the least",
      planned: [wouldFail('a privileged pod')],
    },
  ),
];
