import { z } from 'zod';
import { bucketsSchema } from '../details/load-result.ts';
import { kinds } from './kinds.ts';

/** What the process that makes a load writes: its start, each second of it, and what it came to. */
export const LOAD = kinds({
  /** An engine was handed its script. */
  'load-start': {
    engine: z.enum(['k6', 'k6-operator', 'embedded']),
    /** `steady` */
    scenario: z.string(),
    /** Engines that would have been taken before this one, and why each could not run. */
    passedOver: z.array(z.string()),
  },
  /** A second of the load. Of two lines for the same second the later counts: samples may come late. */
  'load-second': {
    /** Start of the second, ms since the load began. */
    atMs: z.number(),
    /** Iterations that the schedule asked for; null: the engine does not say. */
    offered: z.number().nullable(),
    started: z.number(),
    dropped: z.number(),
    /** Requests that ended in it. */
    requests: z.number(),
    /** Of the scenario's checks, one a request: those that passed, and those that did not. */
    good: z.number(),
    bad: z.number(),
    /** Of requests that ended in it; empty where the engine tells of no times. */
    latency: bucketsSchema,
  },
  load: {
    engine: z.enum(['k6', 'k6-operator', 'embedded']),
    engineVersion: z.string(),
    /** True where it ran against a stand-in. */
    stubbed: z.boolean(),
    /** From when latency is measured. */
    latencyFrom: z.enum(['intended', 'sent']),
    scenario: z.string(),
    /** ISO 8601, of its first iteration. */
    startedAt: z.string(),
    durationMs: z.number(),
    /** null: the schedule asked for none, or for an unknown number. */
    offered: z.number().nullable(),
    iterations: z.number(),
    interrupted: z.number(),
    dropped: z.number(),
    /** Those of the scenario's setup are among them. */
    requests: z.number(),
    /** `group` is `::setup` for what the scenario looked at before its load. */
    checks: z.array(z.object({ name: z.string(), group: z.string(), passes: z.number(), fails: z.number() })),
    /** Latencies of all requests, setup's among them; empty where the engine gives no distribution. */
    latency: bucketsSchema,
    /** The same measured from the moment of sending, where `latency` is not. */
    sent: bucketsSchema,
    /** `12 × status 502`, most frequent first. */
    errors: z.array(z.string()),
    outcome: z.enum(['completed', 'aborted', 'interrupted', 'failed']),
    /** Empty where it completed. */
    reason: z.string(),
  },
  /** There was no load: why its engine could not run it. */
  'load-failed': { reason: z.string() },
});
