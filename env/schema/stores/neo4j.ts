import { z } from 'zod';
import { common } from './common.ts';

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
