/** What breaks the failover of each store, and of what is found in it, on purpose. */
import type { Control } from '../../../harness/control.ts';
import { elasticsearchControls } from './elasticsearch.ts';
import { neo4jControls } from './neo4j.ts';
import { postgresControls } from './postgres.ts';
import { rabbitmqControls } from './rabbitmq.ts';
import { redisControls } from './redis.ts';

/** A new store's list is added here. */
export const controls: readonly Control[] = [
  ...postgresControls,
  ...redisControls,
  ...elasticsearchControls,
  ...rabbitmqControls,
  ...neo4jControls,
];
