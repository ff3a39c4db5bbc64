import { EVIDENCE, given, LEASES, workloadsDeclared } from '../../_objects/declaring.ts';
import { together } from '../../../catalogue/reads.ts';
import { touching, WORKLOADS } from '../../../catalogue/touches.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'topology/workloads/declared',
    order: 90,
    touches: touching(EVIDENCE, LEASES, { lists: ['v1/Namespace', 'v1/Pod', 'batch/v1/Job', ...WORKLOADS] }),
    title: 'The declared workloads, and nothing else',
    section: '5.2',
    access: 'r r r r r',
    goal: 'kinds, replicas and ready pods as declared; no container that ended within the last 10 minutes (restartWindowMinutes) has more than 0 restarts (maxRestarts); no container keeps restarting, more often than 0.25 times an hour on average (restartsPerHour), or, in a pod older than a day, 4 times a day (restartsPerDay); nothing undeclared in the namespaces; scheduler and controller manager renew their Leases, each within the time that it lasts and 10 s (clockSeconds)',
    goals: {
      maxRestarts: 0,
      restartWindowMinutes: 10,
      restartsPerHour: 0.25,
      restartsPerDay: 4,
      clockSeconds: 10,
    },
    requires: workloadsDeclared,
    reads: together(given('workloads', 'closed'), ({ workloadsLeftOut = [] }) => ({
      leftOut: [...workloadsLeftOut],
    })),
    toldOfDrills: true, // restarts that a drill caused do not count against the platform
  }),
];
