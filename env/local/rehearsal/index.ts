/**
 * The platform of the instance `rehearsal`: other products, namespaces and names than the reference platform. Plumbline is tried on it as on a
 * cluster that it knows only from an environment file. One folder a store.
 */
import { join } from 'node:path';
import { lackingNeeds } from '../../schema/parts.ts';
import { SYSTEM_IMAGES } from '../images/recipes.ts';
import type { Make, Part } from '../platform/part.ts';
import { systemPart } from '../platform/system/index.ts';
import { accountPart, OWNERS_IMAGES } from './account/index.ts';
import { bids } from './bids/index.ts';
import { devices } from './devices/index.ts';
import { store as elasticsearch } from './elasticsearch/index.ts';
import { logs } from './logs/index.ts';
import { monitoring } from './monitoring/index.ts';
import { others } from './others/index.ts';
import { store as neo4j } from './neo4j/index.ts';
import { store as postgres } from './postgres/index.ts';
import { store as rabbitmq } from './rabbitmq/index.ts';
import { store as redis } from './redis/index.ts';
import { scaling } from './scaling/index.ts';
import { tracing } from './tracing/index.ts';

const system = systemPart(join(import.meta.dirname, 'system'), 'fast-local');

const STORES: Readonly<Record<string, Part>> = { postgres, redis, rabbitmq, elasticsearch, neo4j };
/** The application, and what its autoscaler reads, come only with the store that it writes to. */
const OPTIONAL = {
  ...STORES,
  postgres: { ...postgres, images: [...postgres.images, ...bids.images, ...scaling.images] },
  telemetry: { ...tracing, images: [...tracing.images, ...logs.images] },
  gpu: devices,
};

/** Namespaces of the platform, in which the one who checks has the documented rights. */
const NAMESPACES = [
  'databases',
  'caches',
  'messaging',
  'search',
  'graphs',
  'bids',
  'watch',
  'shipping',
  'accelerators',
];
/** Passwords and keys that checks use: of each store and what comes with it, by their files, the names that its part has for them. */
const ACCOUNTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  postgres: {
    'postgres-password': 'plumbline',
    'bids-key': 'bidsCanaryKey',
    'bids-guest-key': 'bidsGuestKey',
    'bids-token-key': 'bidsTokenKey',
  },
  redis: { 'redis-password': 'redisCanary', 'sentinel-password': 'sentinelCanary' },
  rabbitmq: { 'rabbitmq-password': 'rabbitmqPlumbline' },
  elasticsearch: { 'elasticsearch-password': 'elasticsearchPlumbline' },
  neo4j: { 'neo4j-password': 'graphCanary' },
};

export const rehearsal: Make = {
  sizes: ['small'],
  optional: OPTIONAL,
  images: [...SYSTEM_IMAGES, ...OWNERS_IMAGES, ...monitoring.images],
  parts: (words) => {
    const lacking = lackingNeeds(words);
    if (lacking !== null) throw new Error(lacking);
    const accounts = words.flatMap((store) => Object.entries(ACCOUNTS[store] ?? {}));
    const stores = words.flatMap((word) => STORES[word] ?? []);
    const application = words.includes('postgres') ? [bids, scaling] : [];
    const telemetry = words.includes('telemetry') ? [tracing, logs] : [];
    const cards = words.includes('gpu') ? [devices] : [];
    const owners = accountPart(NAMESPACES, Object.fromEntries(accounts));
    return [system, others, ...stores, ...application, ...telemetry, ...cards, monitoring, owners];
  },
};
