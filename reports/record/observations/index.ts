/**
 * Every kind of observation that a history may hold, by suite. Suites, runner, load and probes write them (checked when compiling), histories
 * are read by them (a line that does not fit is damaged), judges are given them typed.
 */
import type { z } from 'zod';
import { FAILOVER } from './failover.ts';
import { GPU } from './gpu.ts';
import { HARNESS } from './harness.ts';
import { INTEGRATIONS } from './integrations.ts';
import { LOAD } from './load.ts';
import { PERFORMANCE } from './performance.ts';
import { PLATFORM } from './platform.ts';
import { REQUESTS } from './requests.ts';
import { SCALING } from './scaling.ts';
import { TELEMETRY } from './telemetry.ts';
import { TOPOLOGY } from './topology.ts';
import type { KindSchemas } from './kinds.ts';

/** Schemas by suite, for the reference page. A kind stands in one of them only. */
export const SUITES = {
  harness: HARNESS,
  failover: FAILOVER,
  platform: PLATFORM,
  requests: REQUESTS,
  topology: TOPOLOGY,
  load: LOAD,
  scaling: SCALING,
  performance: PERFORMANCE,
  telemetry: TELEMETRY,
  gpu: GPU,
  integrations: INTEGRATIONS,
} as const;

const SHARED = {
  ...HARNESS,
  ...FAILOVER,
  ...PLATFORM,
  ...REQUESTS,
  ...TOPOLOGY,
  ...LOAD,
  ...SCALING,
  ...PERFORMANCE,
  ...TELEMETRY,
  ...GPU,
  ...INTEGRATIONS,
} as const;
type Shared = typeof SHARED;

/** Schemas by kind. A check whose kinds are its own adds them here by declaration merging, and the catalogue adds them at run time. */
export interface Kinds extends Shared {}

export type Kind = keyof Kinds;

/** An observation of one kind, as a judge sees it. */
export type Seen<K extends Kind> = z.infer<Kinds[K]>;

/** Fields of an observation besides kind and time. */
export type Fields<K extends Kind> = Omit<Seen<K>, 'kind' | 't'>;

/** An observation of some kinds as it is handed in: `t` is the time of writing unless the observer knows better. */
export type NewSeen<K extends Kind> = {
  [Each in K]: { kind: Each; t?: number | undefined } & Fields<Each>;
}[K];

const OWN = new Map<string, z.ZodObject>();

/** @throws Error for a kind that is already declared, by another check or for all */
export function addKinds(schemas: KindSchemas): void {
  for (const [kind, schema] of Object.entries(schemas)) {
    if ((schemaOf(kind) ?? schema) !== schema)
      throw new Error(`two kinds of observation have the name ${kind}`);
    OWN.set(kind, schema);
  }
}

/** The schema of a kind; undefined for one that nobody writes. */
export function schemaOf(kind: string): z.ZodObject | undefined {
  return isShared(kind) ? SHARED[kind] : OWN.get(kind);
}

function isShared(kind: string): kind is keyof Shared {
  return Object.hasOwn(SHARED, kind);
}
