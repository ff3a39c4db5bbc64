/** A failover of each store under each fault. */
import { STORE_KINDS } from '../../../probes/declared-stores.ts';
import type { StoreKind } from '../../../probes/declared-stores.ts';
import { faultOf, FAULTS } from '../../../faults/index.ts';
import type { FaultName } from '../../../faults/index.ts';
import { TRIAL } from '../_trial/touches.ts';
import { row } from '../../catalogue/row.ts';
import { storeTrial } from '../../catalogue/time.ts';
import { touching } from '../../catalogue/touches.ts';
import type { CatalogueRow } from '../../catalogue/types.ts';

function storeRow({ name: store, ...kind }: StoreKind, fault: FaultName): CatalogueRow[] {
  const { label, seconds, goals: usual, goalsUnder, lostText } = kind;
  const goals = goalsUnder?.[fault] ?? usual;
  const { ofLeader, usualSeconds } = faultOf(fault);
  const rtoSeconds = seconds[fault] === undefined ? usualSeconds : seconds[fault];
  if (rtoSeconds === undefined) return [];
  const id = `failover/${store}/${fault}`;
  const one = row({
    id,
    order: 230,
    title: `${label}: ${ofLeader}`,
    section: '5.2',
    access: rtoSeconds === null ? '- - - - -' : 'F - F F p',
    goal:
      rtoSeconds === null
        ? 'one member cannot fail over; its restart is measured by the other faults'
        : `writes succeed again within ${String(rtoSeconds)} s; ${lostText}`,
    goals: rtoSeconds === null ? {} : { rtoSeconds, ...goals, minTrials: 1 },
    ...(rtoSeconds !== null && {
      observe: async () => {
        const { runStoreTrial } = await import('../_trial/store.ts');
        return (ctx) => runStoreTrial(ctx, { store, fault });
      },
      judge: async () => (await import('../_judge/index.ts')).FAILOVER,
      controls: async () => (await import('./controls/index.ts')).controls,
    }),
    touches: touching(TRIAL, {
      runner: [
        'store.governing',
        'store.steady',
        'observer.start',
        'clientLoad.start',
        'clientLoad.readBack',
        'fault.inject',
      ],
    }),
    injects: { store, fault, ofStore: true },
    time: storeTrial,
  });
  return [one];
}

export const checks: readonly CatalogueRow[] = STORE_KINDS.flatMap((store) =>
  FAULTS.flatMap((fault) => storeRow(store, fault)),
);
