import { z } from 'zod';
import { bucketsSchema } from '../details/buckets.ts';
import { kinds } from './kinds.ts';

/** Observations of the process that runs a load: its start, each second, and its result; and of who answers. */
export const LOAD = kinds({
  /** Which pods answered so many looks through the edge, the last of them at `t`, by the header that names them. */
  'answered-by': {
    beganMs: z.number(),
    asked: z.int(),
    pods: z.array(z.object({ pod: z.string(), answers: z.int() })),
  },
  /** An engine was handed its script. */
  'load-start': {
    /** Engines that were preferred to this one, and why each could not run. */
    passedOver: z.array(z.string()),
  },
  /** A second of the load. Of two lines for the same second the later counts: samples may come late. */
  'load-second': {
    /** Start of the second, ms since the load began. */
    atMs: z.number(),
    /** Scheduled iterations; null: the engine does not report them. */
    offered: z.number().nullable(),
    started: z.number(),
    dropped: z.number(),
    /** Requests that ended in it. */
    requests: z.number(),
    /** Passed and failed checks of the scenario, one per request. */
    good: z.number(),
    bad: z.number(),
    /** Latency of requests that ended in it; empty if the engine reports none. */
    latency: bucketsSchema,
  },
  load: {
    engine: z.enum(['k6', 'embedded']),
    engineVersion: z.string(),
    /** True where it ran against a stand-in. */
    stubbed: z.boolean(),
    /** Where the latencies of the seconds are measured from. */
    latencyFrom: z.enum(['intended', 'sent']),
    /** `steady` */
    scenario: z.string(),
    /** ISO 8601, of its first iteration. */
    startedAt: z.string(),
    durationMs: z.number(),
    /** Scheduled iterations; null: none, or an unknown number. */
    offered: z.number().nullable(),
    iterations: z.number(),
    interrupted: z.number(),
    dropped: z.number(),
    /** Those of the scenario's setup included. */
    requests: z.number(),
    /** `group` is `::setup` for checks that the scenario made before its load. */
    checks: z.array(z.object({ name: z.string(), group: z.string(), passes: z.number(), fails: z.number() })),
    /** Latencies from sending, of all requests, setup's included; empty if those of the seconds are measured from there. */
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
