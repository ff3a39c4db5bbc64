import { z } from 'zod';
import { elasticsearch } from './stores/elasticsearch.ts';
import { neo4j } from './stores/neo4j.ts';
import { postgres } from './stores/postgres.ts';
import { rabbitmq } from './stores/rabbitmq.ts';
import { redis } from './stores/redis.ts';

export { FAULTS } from './stores/common.ts';
export type { FailoverGoal, FaultName } from './stores/common.ts';

export const stores = z.strictObject({
  postgres: postgres.optional(),
  redis: redis.optional(),
  rabbitmq: rabbitmq.optional(),
  elasticsearch: elasticsearch.optional(),
  neo4j: neo4j.optional(),
});

export type Stores = z.infer<typeof stores>;
export type StoreName = keyof Stores;
/** Any declared store; what only one kind has is read by its driver. */
export type DeclaredStore = NonNullable<Stores[StoreName]>;

export const STORES = [
  'postgres',
  'redis',
  'rabbitmq',
  'elasticsearch',
  'neo4j',
] as const satisfies StoreName[];
