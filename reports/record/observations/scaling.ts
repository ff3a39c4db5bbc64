import { z } from 'zod';
import { kinds } from './kinds.ts';

/** Conditions that are set with the first value of a metric and kept from then on. */
export const HPA_CONDITIONS = ['AbleToScale', 'ScalingActive', 'ScalingLimited'] as const;

const scale = z.object({
  desired: z.number(),
  ready: z.number(),
  total: z.number(),
  min: z.number(),
  max: z.number(),
  stabilisationDownS: z.number(),
  /** The highest of its metrics as a share of its target; null: no metric has a value now. */
  load: z.number().nullable(),
});

/** What checks of autoscalers and of the start of pods record. Numbers without a unit are pods. */
export const SCALING = kinds({
  /** The spec of an autoscaler, with its controller's defaults filled in. */
  'hpa-spec': {
    min: z.number(),
    max: z.number(),
    metrics: z.array(z.string()),
    stabilisationUpS: z.number(),
    stabilisationDownS: z.number(),
    /** Limits on scaling down; left out if all pods may go at once. */
    policiesDown: z.array(z.object({ pods: z.number(), periodSeconds: z.number() })).optional(),
    /** Measuring interval of metrics-server; null: no metric comes from it, or it is not there. */
    metricResolutionS: z.number().nullable(),
    lookEverySeconds: z.number(),
  },
  /** Its status, whenever it changes. */
  hpa: {
    desired: z.number(),
    current: z.number(),
    /** Each metric of its spec, in the unit of its target; null: it has none. */
    metrics: z.array(
      z.object({ name: z.string(), value: z.number().nullable(), target: z.number().nullable() }),
    ),
    /** Those that every version of Kubernetes has. */
    conditions: z.array(
      z.object({ type: z.enum(HPA_CONDITIONS), status: z.string(), reason: z.string(), message: z.string() }),
    ),
  },
  /** Pods of the scaled Deployment, whenever they change. */
  'scaled-pods': { ready: z.number(), total: z.number() },
  /** How it was polled until the check ended: a state that two looks saw alike counts as unchanged between them. */
  'hpa-watched': { looks: z.number(), longestGapMs: z.number(), watchedMs: z.number() },
  'hpa-missing': { deployment: z.string() },
  'target-missing': { deployment: z.string() },
  'not-at-minimum': { scale: scale.nullable() },
  /** A load that should scale it up has begun, and rises to its full rate. */
  'load-begun': { perSecond: z.number(), rampSeconds: z.number() },
  'load-ended': {},
  /** It did not return to its earlier size within this time after the load. */
  'not-back': { scale: scale.nullable(), waitedMs: z.number() },
  'queue-unseen': {},
});
