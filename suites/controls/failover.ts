import { aiControls } from './failover-ai.ts';
import { elasticsearchControls } from './failover-elasticsearch.ts';
import { neo4jControls } from './failover-neo4j.ts';
import { postgresControls } from './failover-postgres-controls.ts';
import { rabbitmqControls } from './failover-rabbitmq.ts';
import { redisControls } from './failover-redis.ts';
import { platformControls } from './failover-platform.ts';
import type { Control } from './control.ts';

/** Controls of the failover suite, store by store; a new store's list is added here. */
export const failoverControls: readonly Control[] = [
  ...postgresControls,
  ...redisControls,
  ...elasticsearchControls,
  ...rabbitmqControls,
  ...neo4jControls,
  ...platformControls,
  ...aiControls,
];
