import { z } from 'zod';
import { kinds } from './kinds.ts';

const name = z.string();

/** What became of a pod of a check. */
export const state = z.enum(['ready', 'refused', 'failed', 'waiting']);

/** What names the devices of a container, the most trusted first. */
export const DEVICE_SOURCES = ['nvidia-smi', 'device nodes', 'variable'] as const;

/** Pods that must be refused: one for each node of the pool, one that asks for a device, one for which no device is left. */
export const REFUSED_ROLES = ['stranger', 'stranger that asks', 'one too many'] as const;

/** What the checks of devices see of the pool, of their own pods and of Prometheus. */
export const GPU = kinds({
  /** A node of the pool, or another node that knows the resource. A node's first line is its state before the check. */
  'gpu-node': {
    name,
    pool: z.boolean(),
    ready: z.boolean(),
    /** Allocatable devices; null: the node does not know the resource. */
    allocatable: z.int().nullable(),
    /** No pod is placed there by the scheduler; left out: it takes pods. */
    cordoned: z.literal(true).optional(),
  },
  /** Devices that each pod on a node of the pool requests. */
  'gpu-requested': {
    node: name,
    holders: z.array(z.strictObject({ pod: name, asked: z.int() })),
  },
  /** A pod of the check that requested devices, and the devices that its container was given; null: not reported. */
  'gpu-pod': {
    pod: name,
    asked: z.int(),
    state,
    node: name.nullable(),
    devices: z.array(name).nullable(),
    /** What reported them. */
    reportedBy: z.enum(DEVICE_SOURCES).nullable(),
    /** Every source that named some; left out: none did. */
    sources: z.array(z.strictObject({ by: z.enum(DEVICE_SOURCES), devices: z.array(name) })).optional(),
    /**
     * Whether a real device is in the container: a device node, an `nvidia-smi` that lists one, or a `gpu.workload` that exits with 0; left
     * out: devices are simulated, or it was not asked.
     */
    present: z.boolean().optional(),
    detail: z.string(),
  },
  /** A ResourceClaim of a pod on the pool (Dynamic Resource Allocation), with its devices of the declared driver. */
  'gpu-claim': {
    /** `namespace/name` */
    claim: name,
    pod: name,
    node: name,
    /** As `driver/pool/device`; null: not known. */
    devices: z.array(name).nullable(),
    /** Those that other claims may have as well, by their allocation. */
    shared: z.array(name),
    /** Why they are not known; empty: they are. */
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
    /** For a pod that was placed: whether admission gave it the toleration. */
    tolerated: z.boolean().nullable(),
    message: z.string(),
    /** Where the message is from: the scheduler's event or the pod's status; null: there is none. */
    source: z.enum(['event', 'condition']).nullable(),
    detail: z.string(),
  },
  /** Other pods hold so many devices that too few are free for the check. */
  'gpu-busy': { free: z.int(), offered: z.int(), needed: z.int() },
  /** What Prometheus knows of the devices, by its own clock. */
  'gpu-series': {
    nowSeconds: z.number().nullable(),
    samples: z.array(
      z.strictObject({
        device: name,
        node: name,
        /** Pod that holds the device; empty: none; null: the series does not say. */
        pod: name.nullable(),
        /** Namespace of that pod; left out: the series does not say. */
        namespace: name.optional(),
        value: z.number().nullable(),
        atSeconds: z.number().nullable(),
      }),
    ),
  },
});
