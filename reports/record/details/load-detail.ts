import { z } from 'zod';
import { VERDICTS } from '../verdict.ts';

/** What a run record keeps of loads and goals: enough for the report's charts, in a size that does not grow with the load. */

/** One objective as it was met: a row of the report's table of goals. */
export const goalEntrySchema = z.object({
  objective: z.string(),
  /** `p95 ≤ 500 ms`, `99.9 % of requests` */
  target: z.string(),
  verdict: z.enum(VERDICTS),
  /** In `unit`, of what was observed; null: not measured. */
  achieved: z.number().nullable(),
  /** One-sided 95 % bounds of `achieved`, or what gaps in the data leave open; null: none can be stated. */
  lower: z.number().nullable(),
  upper: z.number().nullable(),
  unit: z.string(),
  /** Requests, points or slices behind `achieved`: those that were observed. */
  samples: z.number(),
  sampleKind: z.string(),
  /** Share of the window that has data. */
  coverage: z.number().nullable(),
  /** Time of the window that has data, ms; left out: not known, or only parts of it have. */
  observedMs: z.number().optional(),
  /** Share of the error budget that is left, gaps, or requests of which nothing is known, counted best and worst case; may be negative; null: the goal has no budget. */
  remaining: z.object({ best: z.number(), worst: z.number() }).nullable(),
  /** `the run`, `30 d` */
  window: z.string(),
  note: z.string(),
});

/** Requests by time and latency. Rows are latency bands of equal ratio; row 0 begins at `lowestMs`. */
export const heatSchema = z.object({
  lowestMs: z.number(),
  /** Upper bound of a row divided by its lower bound. */
  ratio: z.number(),
  rows: z.number(),
  /** [step, row, requests], empty cells left out. */
  cells: z.array(z.tuple([z.number(), z.number(), z.number()])),
});

/** A load by steps of equal length; all lists are aligned. */
export const loadDetailSchema = z.object({
  engine: z.string(),
  script: z.string(),
  startedAt: z.string(),
  outcome: z.string(),
  /** Where latency is measured from: the intended start, or the sending if the engine reports only that; absent: not stated. */
  latencyFrom: z.enum(['intended', 'sent']).optional(),
  /** Start of the first step, ms since the load began. */
  fromMs: z.number(),
  stepMs: z.number(),
  /** Scheduled iterations per second; null: closed model. */
  offered: z.array(z.number().nullable()),
  /** Iterations started per second. */
  started: z.array(z.number()),
  requestsPerSecond: z.array(z.number()),
  errorsPerSecond: z.array(z.number()),
  /** null: no request ended in the step. */
  p50Ms: z.array(z.number().nullable()),
  p99Ms: z.array(z.number().nullable()),
  requests: z.number(),
  failed: z.number(),
  dropped: z.number(),
  heat: heatSchema,
});

/** A load and how the autoscaler reacted. Times are ms since the load began; lists are aligned. */
export const scalingDetailSchema = z.object({
  target: z.string(),
  fromMs: z.number(),
  stepMs: z.number(),
  offered: z.array(z.number().nullable()),
  errorsPerSecond: z.array(z.number()),
  p50Ms: z.array(z.number().nullable()),
  p99Ms: z.array(z.number().nullable()),
  desired: z.array(z.number().nullable()),
  ready: z.array(z.number().nullable()),
  min: z.number(),
  max: z.number(),
  /** Events, with the times that the autoscaler's own settings predict. */
  marks: z.array(
    z.object({
      name: z.string(),
      /** null: it was not seen. */
      atMs: z.number().nullable(),
      /** What the event is timed from, on the axis of the chart; left out: its zero. */
      sinceMs: z.number().optional(),
      expected: z.object({ loMs: z.number(), hiMs: z.number() }).nullable(),
      outside: z.enum(['no', 'faster', 'slower', 'unknown']),
    }),
  ),
  /** Settings that the expected times follow from. */
  derivation: z.string(),
  /** Intervals to shade in the chart: faults. */
  windows: z.array(z.object({ name: z.string(), fromMs: z.number(), toMs: z.number() })),
});

export type GoalEntry = z.infer<typeof goalEntrySchema>;
export type Heat = z.infer<typeof heatSchema>;
export type LoadDetail = z.infer<typeof loadDetailSchema>;
export type ScalingDetail = z.infer<typeof scalingDetailSchema>;
