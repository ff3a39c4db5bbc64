/**
 * The parts of the platform, in the order in which they are applied. A store is one folder and one row of STORES, what else can be left
 * out one folder and one row of PARTS.
 */
import { lackingNeeds, PART_NAMES, PART_NEEDS } from '../../schema/parts.ts';
import type { PartName } from '../../schema/parts.ts';
import type { PlatformContext } from './context.ts';
import { edgeObjects, prepareEdge, waitForEdge } from './edge/index.ts';
import { elasticsearchObjects, waitElasticsearch } from './elasticsearch/index.ts';
import { waitGpu } from './gpu/index.ts';
import { render } from './manifests.ts';
import { neo4jObjects, waitNeo4j } from './neo4j/index.ts';
import type { KubeObject } from './objects.ts';
import { waitPostgres } from './postgres/index.ts';
import { prometheusObjects, waitPrometheus } from './prometheus/index.ts';
import { waitRabbitmq } from './rabbitmq/index.ts';
import { waitRedis } from './redis/index.ts';
import type { Secrets } from './secrets.ts';
import { systemObjects, waitSystem } from './system/index.ts';
import { telemetryObjects, waitTelemetry } from './telemetry/index.ts';
import { aiObjects, waitAi } from './tender-ai/index.ts';
import { waitTenderApi } from './tender-api/index.ts';

export interface Part {
  readonly name: string;
  readonly objects: (context: PlatformContext, secrets: Secrets) => KubeObject[];
  /** Anything beside objects, before they are applied. */
  readonly prepare?: (context: PlatformContext) => Promise<void>;
  readonly wait: (context: PlatformContext) => Promise<void>;
}

/** The objects of a folder whose manifests take nothing from TypeScript. */
const manifestsOf = (folder: string): Part['objects'] => {
  return (context, secrets) => render(context, secrets, { folder });
};

const SYSTEM_PART: Part = { name: 'system', objects: systemObjects, wait: waitSystem };
const TENDER_API_PART: Part = { name: 'tender-api', objects: manifestsOf('tender-api'), wait: waitTenderApi };
const PROMETHEUS_PART: Part = { name: 'prometheus', objects: prometheusObjects, wait: waitPrometheus };
const EDGE_PART: Part = {
  name: 'edge',
  objects: edgeObjects,
  prepare: prepareEdge,
  wait: waitForEdge,
};

/** The stores that can be provisioned, by the name that `--with` takes. */
export const STORES: Readonly<Record<string, Part>> = {
  postgres: { name: 'postgres', objects: manifestsOf('postgres'), wait: waitPostgres },
  redis: { name: 'redis', objects: manifestsOf('redis'), wait: waitRedis },
  rabbitmq: { name: 'rabbitmq', objects: manifestsOf('rabbitmq'), wait: waitRabbitmq },
  elasticsearch: { name: 'elasticsearch', objects: elasticsearchObjects, wait: waitElasticsearch },
  neo4j: { name: 'neo4j', objects: neo4jObjects, wait: waitNeo4j },
};

/** What else can be provisioned or left out, by the word that `--with` takes, and the words that each needs. */
export const PARTS: Readonly<Record<PartName, Part & { readonly needs: readonly string[] }>> = {
  telemetry: {
    name: 'telemetry',
    objects: telemetryObjects,
    wait: waitTelemetry,
    needs: PART_NEEDS.telemetry,
  },
  ai: { name: 'ai', objects: aiObjects, wait: waitAi, needs: PART_NEEDS.ai },
  gpu: { name: 'gpu', objects: manifestsOf('gpu'), wait: waitGpu, needs: PART_NEEDS.gpu },
};

/**
 * The parts of a platform with those stores and parts. The backend comes only with the store that it writes to, and the edge, which leads to it,
 * only with the backend.
 * @param words as `--with` takes them
 * @throws when one is unknown, or lacks what it needs
 */
export function platformParts(words: readonly string[]): readonly Part[] {
  const known = [...Object.keys(STORES), ...PART_NAMES];
  const unknown = words.find((word) => !known.includes(word));
  if (unknown !== undefined)
    throw new Error(`no store or part is called "${unknown}"; there are ${known.join(', ')}`);
  const lacking = lackingNeeds(words);
  if (lacking !== null) throw new Error(lacking);
  const stores = words.flatMap((word) => STORES[word] ?? []);
  const backend = words.includes('postgres') ? [TENDER_API_PART, EDGE_PART] : [];
  const parts = PART_NAMES.filter((name) => words.includes(name)).map((name) => PARTS[name]);
  return [SYSTEM_PART, ...stores, ...backend, ...parts, PROMETHEUS_PART];
}
