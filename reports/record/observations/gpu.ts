import { z } from 'zod';
import { kinds } from './kinds.ts';

const name = z.string();

/** What became of a pod of a check. */
const state = z.enum(['ready', 'refused', 'failed', 'waiting']);

/** Pods that must be refused: one for each node of the pool, one that asks for a device, one for which no device is left. */
export const REFUSED_ROLES = ['stranger', 'stranger that asks', 'one too many'] as const;

/** The pod that asks for a device without the toleration. */
export const STRANGER_ASKS = 'gpu-stranger-asks';

/** What the checks of devices see of the pool, of their own pods and of Prometheus. */
export const GPU = kinds({
  /** A node of the pool, or another one that knows the resource. The first of a node is how it was before. */
  'gpu-node': {
    name,
    pool: z.boolean(),
    ready: z.boolean(),
    /** What the scheduler may give out of it; null: it does not know the resource. */
    allocatable: z.int().nullable(),
  },
  /** What the pods on a node of the pool ask for, together and each. */
  'gpu-requested': {
    node: name,
    requested: z.int(),
    holders: z.array(z.strictObject({ pod: name, asked: z.int() })),
  },
  /** A pod of the check that asked for devices, and which ones its container was given; null: nothing said which. */
  'gpu-pod': {
    pod: name,
    asked: z.int(),
    state,
    node: name.nullable(),
    devices: z.array(name).nullable(),
    /** What named them. */
    reportedBy: z.enum(['variable', 'volume mounts', 'device nodes']).nullable(),
    detail: z.string(),
  },
  /** A pod that must not be placed. */
  'gpu-refused': {
    pod: name,
    role: z.enum(REFUSED_ROLES),
    /** The only node that it may go to; null: any. */
    bound: name.nullable(),
    state,
    node: name.nullable(),
    /** Of one that was placed: whether it was given the toleration when it was admitted. */
    tolerated: z.boolean().nullable(),
    message: z.string(),
    /** Whose words the message is: the scheduler's own event, or the pod's status; null: nobody said anything. */
    source: z.enum(['event', 'condition']).nullable(),
    detail: z.string(),
  },
  /** Others hold so many devices that nothing can be shown. */
  'gpu-busy': { free: z.int(), offered: z.int(), needed: z.int() },
  /** What Prometheus knows of the devices, by its own clock. */
  'gpu-series': {
    nowSeconds: z.number().nullable(),
    samples: z.array(
      z.strictObject({
        device: name,
        node: name,
        /** Empty: nobody holds it; null: the series does not say. */
        pod: name.nullable(),
        value: z.number().nullable(),
        atSeconds: z.number().nullable(),
      }),
    ),
    /** The pod of the check that holds a device; null: none does. */
    holder: name.nullable(),
  },
});
