import { z } from 'zod';
import { common } from '../store/declaring.ts';
import type { StoreKind } from '../store/declaring.ts';

export const neo4j = z
  .strictObject({
    ...common,
    database: z.string().min(1).default('neo4j'),
    user: z.string().min(1).default('neo4j'),
    edition: z
      .enum(['community', 'enterprise'])
      .default('community')
      .describe('Community has no clustering: one member, which nobody takes over from'),
    scheme: z
      .enum(['bolt', 'neo4j', 'bolt+s', 'neo4j+s', 'bolt+ssc', 'neo4j+ssc'])
      .default('bolt')
      .describe('As in the URI of applications: neo4j routes writes to the leader of a cluster; +s is TLS'),
  })
  .refine(({ edition, members }) => edition === 'enterprise' || members === 1, {
    path: ['members'],
    message: 'Neo4j Community has no clustering: expected 1 member, or edition enterprise',
  });

declare module '../store/declaring.ts' {
  interface StoreDeclarations {
    neo4j: z.infer<typeof neo4j>;
  }
}

export const store: StoreKind = {
  name: 'neo4j',
  order: 50,
  label: 'Neo4j',
  schema: neo4j,
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
  alone: 'clustering needs Neo4j Enterprise',
  dataFolders: ['/data', '/var/lib/neo4j'],
};
