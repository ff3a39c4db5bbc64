import { given } from '../../_objects/declaring.ts';
import { reach, together } from '../../../catalogue/reads.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'topology/cluster/versions',
    order: 10,
    touches: { lists: ['v1/Node', 'v1/Pod'], asks: ['/version'] },
    title: 'Versions within the skew that Kubernetes supports, certificates not about to expire',
    section: '5.1',
    access: 'r - r r r',
    goal: 'kubelets, virtual ones aside, at most 3 minor versions behind the API server; served certificates, and those sent behind them, valid for at least 30 days (minDays), or, where a kubelet renews its own, for at least 8 % of their lifetime (kubeletLifetimeShare); declared ones signed by a trusted authority and for their name',
    goals: { maxMinorSkew: 3, minDays: 30, kubeletLifetimeShare: 0.08 },
    reads: together(given('controlPlane', 'certificates', 'pools', 'nodes'), reach),
    withoutPlatform: true,
  }),
];
