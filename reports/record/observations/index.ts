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

export const OBSERVATIONS = {
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

export type Kind = keyof typeof OBSERVATIONS;

/** An observation of one kind, as a judge sees it. */
export type Seen<K extends Kind> = z.infer<(typeof OBSERVATIONS)[K]>;

/** What an observer hands in besides kind and time. */
export type Fields<K extends Kind> = Omit<Seen<K>, 'kind' | 't'>;

/** An observation of some kinds as it is handed in: `t` is the time of writing unless the observer knows better. */
export type NewSeen<K extends Kind> = {
  [Each in K]: { kind: Each; t?: number | undefined } & Fields<Each>;
}[K];

export function isKind(kind: string): kind is Kind {
  return Object.hasOwn(OBSERVATIONS, kind);
}
