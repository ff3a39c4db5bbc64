/** The parts of the platform, in the order in which they are applied. A store is one folder and one row of STORES, any other part one of PARTS. */
import { PART_NEEDS, type PartName } from '../../schema/parts.ts';
import type { PlatformContext } from './context.ts';
import { configureLoadBalancer, edgeObjects, waitForEdge } from './edge/index.ts';
import { elasticsearchObjects, waitElasticsearch } from './elasticsearch/index.ts';
import { neo4jObjects, waitNeo4j } from './neo4j/index.ts';
import type { KubeObject } from './objects.ts';
import { postgresObjects, waitPostgres } from './postgres/index.ts';
import { prometheusObjects, waitPrometheus } from './prometheus/index.ts';
import { rabbitmqObjects, waitRabbitmq } from './rabbitmq/index.ts';
import { redisObjects, waitRedis } from './redis/index.ts';
import type { Secrets } from './secrets.ts';
import { systemObjects, waitSystem } from './system/index.ts';
import { telemetryObjects, waitTelemetry } from './telemetry/index.ts';
import { aiObjects, waitAi } from './tender-ai/index.ts';
import { tenderApiObjects, waitTenderApi } from './tender-api/index.ts';

export interface Part {
  readonly name: string;
  readonly objects: (context: PlatformContext, secrets: Secrets) => KubeObject[];
  /** Anything beside objects, before they are applied. */
  readonly prepare?: (context: PlatformContext) => Promise<void>;
  readonly wait: (context: PlatformContext) => Promise<void>;
}

const SYSTEM_PART: Part = { name: 'system', objects: systemObjects, wait: waitSystem };
const TENDER_API_PART: Part = { name: 'tender-api', objects: tenderApiObjects, wait: waitTenderApi };
const PROMETHEUS_PART: Part = { name: 'prometheus', objects: prometheusObjects, wait: waitPrometheus };
export const EDGE_PART: Part = {
  name: 'edge',
  objects: edgeObjects,
  prepare: configureLoadBalancer,
  wait: waitForEdge,
};

/** The stores that can be raised, by the name that `--with` takes. */
export const STORES: Readonly<Record<string, Part>> = {
  postgres: { name: 'postgres', objects: postgresObjects, wait: waitPostgres },
  redis: { name: 'redis', objects: redisObjects, wait: waitRedis },
  rabbitmq: { name: 'rabbitmq', objects: rabbitmqObjects, wait: waitRabbitmq },
  elasticsearch: { name: 'elasticsearch', objects: elasticsearchObjects, wait: waitElasticsearch },
  neo4j: { name: 'neo4j', objects: neo4jObjects, wait: waitNeo4j },
};

/** What else can be raised, by the name that `--with` takes, in the order of raising, and the stores that each needs. */
export const PARTS: Readonly<Record<PartName, Part & { readonly needs: readonly string[] }>> = {
  telemetry: {
    name: 'telemetry',
    needs: PART_NEEDS.telemetry,
    objects: telemetryObjects,
    wait: waitTelemetry,
  },
  ai: { name: 'ai', needs: PART_NEEDS.ai, objects: aiObjects, wait: waitAi },
};

/**
 * The parts of a platform with those stores and parts, without the edge. The backend comes only with the store that it writes to.
 * @throws when a word is unknown, or a part lacks a store that it needs
 */
export function platformParts(words: readonly string[]): readonly Part[] {
  for (const word of words) {
    if (Object.hasOwn(STORES, word) || Object.hasOwn(PARTS, word)) continue;
    const [stores, parts] = [Object.keys(STORES).join(', '), Object.keys(PARTS).join(', ')];
    throw new Error(`no store is called "${word}"; there are ${stores}, and the parts ${parts}`);
  }
  const chosen = words.flatMap((word) => STORES[word] ?? []);
  const parts = Object.values(PARTS).filter(({ name }) => words.includes(name));
  for (const { name, needs } of parts) {
    const missing = needs.filter((store) => !words.includes(store));
    if (missing.length > 0) throw new Error(`the part "${name}" needs ${missing.join(', ')} as well`);
  }
  const backend = words.includes('postgres') ? [TENDER_API_PART] : [];
  return [SYSTEM_PART, ...chosen, ...backend, ...parts, PROMETHEUS_PART];
}
