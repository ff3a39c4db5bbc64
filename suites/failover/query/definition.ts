/** Answers of the stores to queries, before and after a failover of each. */
import type { StoreName } from '../../../probes/declared-stores.ts';
import { row } from '../../catalogue/row.ts';
import { storeTrial } from '../../catalogue/time.ts';
import type { CatalogueRow } from '../../catalogue/types.ts';

function queryRow(
  name: string,
  store: StoreName,
  own: Pick<CatalogueRow, 'order' | 'title' | 'goals'>,
): CatalogueRow {
  return row({
    id: `failover/query/${name}`,
    observe: async () => {
      const { observe } = await import('./observe.ts');
      return (ctx) => observe(ctx, store);
    },
    controls: async () => (await import('../store/controls/index.ts')).controls,
    section: '5.2',
    access: 'F - F F p',
    goal: `after a failover the same neighbours and the same paths are found, by clients within ${own.goals.rtoSeconds ?? '?'} s`,
    touches: {
      runner: [
        'store.steady',
        'state.note',
        'state.compare',
        'query.prepare',
        'query.ask',
        'query.remove',
        'fault.inject',
      ],
    },
    injects: { store, fault: 'pod-crash' },
    time: storeTrial,
    ...own,
  });
}

export const checks: readonly CatalogueRow[] = [
  queryRow('vector', 'elasticsearch', {
    order: 630,
    title: 'The same nearest neighbours after a failover',
    // Twice what writes get: a search needs every shard, and a server that has just started answers its first ones late.
    goals: { rtoSeconds: 30 },
  }),
  queryRow('graph', 'neo4j', {
    order: 640,
    title: 'The same paths after a failover',
    goals: { rtoSeconds: 60 },
  }),
];
