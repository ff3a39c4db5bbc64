import { z } from 'zod';
import { kinds } from './kinds.ts';

/** Types of metrics (autoscaling/v2) that metrics-server does not measure. */
export const FROM_ELSEWHERE: ReadonlySet<string> = new Set(['Pods', 'Object', 'External']);

/** Conditions that are set with the first value of a metric and kept from then on. */
export const HPA_CONDITIONS = ['AbleToScale', 'ScalingActive', 'ScalingLimited'] as const;

/**
 * Of a pod that is scaled, in this order: it exists; the scheduler has found it a node (condition PodScheduled); it is ready (condition Ready);
 * it is terminating or no longer there.
 */
export const POD_STATES = ['created', 'scheduled', 'ready', 'gone'] as const;

const scale = z.object({
  desired: z.number(),
  ready: z.number(),
  total: z.number(),
  min: z.number(),
  max: z.number(),
  stabilisationDownS: z.number(),
  /** Time that policies need at least from its maximum to its minimum, s; 0 where they limit nothing, or take no pod away. */
  shrinkingS: z.number().optional(),
  /** The highest of its metrics as a share of its target; null: no metric has a value now. */
  load: z.number().nullable(),
});

/** What checks of autoscalers and of the start of pods record. Numbers without a unit are pods. */
export const SCALING = kinds({
  /** The spec of an autoscaler, with its controller's defaults filled in. */
  'hpa-spec': {
    min: z.number(),
    /** Its own minimum, where what makes it (KEDA) takes more pods away than that; left out: `min`. */
    ownMin: z.number().optional(),
    max: z.number(),
    /** A name for each, in the order of its spec. */
    metrics: z.array(z.string()),
    /** In the same order: its type (autoscaling/v2), and the field of its target; null: it has no field that is known. */
    measures: z.array(
      z.object({ type: z.string(), by: z.enum(['Utilization', 'AverageValue', 'Value']).nullable() }),
    ),
    /** How far above its target a metric may be without a scale-up, as a share; left out: the controller's default. */
    toleranceUp: z.number().optional(),
    stabilisationUpS: z.number(),
    stabilisationDownS: z.number(),
    /** False: its spec states none. That is then the controller's default, 300 s, and its flag may say less. */
    stabilisationDownStated: z.boolean().optional(),
    /** Limits on scaling down, as pods or a share of them; left out if all may go at once. */
    policiesDown: z
      .array(
        z.object({ pods: z.number().optional(), percent: z.number().optional(), periodSeconds: z.number() }),
      )
      .optional(),
    /** Which of them counts; left out: the one that allows most. */
    selectDown: z.enum(['Max', 'Min', 'Disabled']).optional(),
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
  /** Pods of what it resizes, whenever they change. */
  'scaled-pods': { ready: z.number(), total: z.number() },
  /** A pod of what it resizes, when it was first seen in each state: `t` is when the watch showed it. */
  'scaled-pod': { pod: z.string(), state: z.enum(POD_STATES), node: z.string().nullable() },
  /** The pods could not be listed: where the time of a scale-up went is unknown. */
  'scaled-pods-unseen': { reason: z.string() },
  /** The ScaledObject (KEDA) that makes the autoscaler, whenever it changes; only where the environment names it. */
  'scaled-object': {
    /** `namespace/name` */
    name: z.string(),
    /** Fewest pods while a trigger is active, and while none is; idle null: the minimum as well. */
    min: z.number(),
    idle: z.number().nullable(),
    /** Time from the last active trigger until the last pods are taken away, s. */
    cooldownS: z.number(),
    /** The annotation that pauses it; null: none does. */
    paused: z.string().nullable(),
    /** Its conditions: True, False, Unknown, or that it has none of that type. */
    active: z.string(),
    fallback: z.string(),
    ready: z.string(),
    /** Why it is not ready, in its own words. */
    why: z.string(),
  },
  'scaled-object-missing': { name: z.string() },
  /** The state of a Rollout (Argo Rollouts) that is resized, whenever it changes. */
  rollout: { phase: z.string(), message: z.string() },
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
