import { z } from 'zod';
import { common } from '../store/declaring.ts';
import type { StoreKind } from '../store/declaring.ts';
import { GOVERNING } from './governing.ts';

const elasticsearch = z.strictObject({
  ...common,
  index: z
    .strictObject({
      replicas: z
        .int()
        .min(0)
        .default(2)
        .describe('Copies of a shard besides the primary, as platform indices keep'),
    })
    .default({ replicas: 2 })
    .describe(
      'Of the index that the canary writes to; a write counts as acknowledged when a majority of the copies has it',
    ),
});

declare module '../store/declaring.ts' {
  interface StoreDeclarations {
    elasticsearch: z.infer<typeof elasticsearch>;
  }
}

export const store: StoreKind = {
  name: 'elasticsearch',
  order: 40,
  label: 'Elasticsearch',
  schema: elasticsearch,
  seconds: { 'pod-crash': 15, 'pod-delete': 15, hang: 45, 'node-loss': 45, partition: 45, switchover: 10 },
  goals: { lostWrites: 0 },
  lostText: '0 acknowledged documents lost',
  dataFolders: ['/usr/share/elasticsearch/data', '/var/lib/elasticsearch'],
  recorded: {
    governing: { read: GOVERNING.cluster, perThing: GOVERNING.index, everyThing: true },
    watches: [{ kind: 'master', count: 2, what: 'who is the master' }],
    durabilityOfCluster: true,
    members: { serving: 'joined', following: 'joined', roles: ['master-eligible', 'data'] },
    conditions: ['health', 'master-eligible nodes'],
  },
};
