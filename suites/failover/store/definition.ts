/** A failover of each store under each fault. */
import type { StoreName } from '../../../env/schema/stores.ts';
import { faultOf, FAULTS } from '../../../faults/index.ts';
import type { FaultName } from '../../../faults/index.ts';
import type { Goals } from '../../../reports/record/goals.ts';
import { row } from '../../catalogue/row.ts';
import { storeTrial } from '../../catalogue/time.ts';
import type { CatalogueRow } from '../../catalogue/types.ts';

/**
 * Seconds until writes must succeed again; null: one member cannot fail over, so the row is never run. Of a fault that is not named the fault's own
 * usual time counts, where it has one.
 */
type Seconds = Partial<Record<FaultName, number | null>>;

interface StoreGoals {
  label: string;
  seconds: Seconds;
  goals: Goals;
  /** In place of `goals` under this fault. */
  goalsUnder?: Partial<Record<FaultName, Goals>>;
  lostText: string;
}

const STORE_GOALS: Record<StoreName, StoreGoals> = {
  postgres: {
    label: 'PostgreSQL',
    seconds: { 'pod-crash': 30, 'pod-delete': 15, hang: 35, 'node-loss': 45, partition: 45, switchover: 10 },
    goals: { lostWrites: 0 },
    lostText: '0 acknowledged writes lost',
  },
  redis: {
    label: 'Redis',
    seconds: { 'pod-crash': 15, 'pod-delete': 15, hang: 20, 'node-loss': 20, partition: 20, switchover: 5 },
    goals: { lossWindowSeconds: 1 },
    // A master that is cut off takes writes until it misses its replicas, and clients find it until another one is elected.
    goalsUnder: { partition: { lossWindowBeyondFailover: 'min-replicas-max-lag' } },
    lostText: 'lost writes lie within 1 s; in a partition within failover time + min-replicas-max-lag',
  },
  rabbitmq: {
    label: 'RabbitMQ',
    seconds: { 'pod-crash': 15, 'pod-delete': 10, hang: 30, 'node-loss': 30, partition: 30, switchover: 10 },
    goals: { lostWrites: 0 },
    lostText: '0 confirmed messages lost',
  },
  elasticsearch: {
    label: 'Elasticsearch',
    seconds: { 'pod-crash': 15, 'pod-delete': 15, hang: 45, 'node-loss': 45, partition: 45, switchover: 10 },
    goals: { lostWrites: 0 },
    lostText: '0 acknowledged documents lost',
  },
  neo4j: {
    label: 'Neo4j',
    seconds: {
      'pod-crash': 60,
      'pod-delete': 60,
      hang: 90,
      'node-loss': null,
      partition: null,
      switchover: null,
    },
    goals: { lostWrites: 0 },
    lostText: '0 committed transactions lost',
  },
};

function storeRow(store: StoreName, fault: FaultName): CatalogueRow[] {
  const { label, seconds, goals: usual, goalsUnder, lostText } = STORE_GOALS[store];
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
        const { runTrial } = await import('../_trial/trial.ts');
        return (ctx) => runTrial(ctx, { store, fault });
      },
      judge: async () => (await import('../../../reports/judge/failover/index.ts')).FAILOVER,
      controls: async () => (await import('./controls/index.ts')).controls,
    }),
    hurts: { store, fault, ofStore: true },
    time: storeTrial,
  });
  return [one];
}

const storeNames = Object.keys(STORE_GOALS) as StoreName[];

export const checks: readonly CatalogueRow[] = storeNames.flatMap((store) =>
  FAULTS.flatMap((fault) => storeRow(store, fault)),
);
