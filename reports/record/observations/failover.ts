import { z } from 'zod';
import { kinds } from './kinds.ts';

/** What was proved of a fault, in a few words: by its cause, never by what it led to. */
export const LANDINGS = [
  'processes gone',
  'cgroup frozen',
  'packets dropped',
  'packets dropped, then every process gone',
  'power off',
  'UID gone from the API',
  'order carried out',
  'template replaced',
] as const;
export type LandedBy = (typeof LANDINGS)[number];

const steady = {
  ok: z.boolean(),
  leader: z.string().nullable().optional(),
  detail: z.string(),
};

/** What every trial records, whatever it hurts: its fault, its stages, and how the environment was left. */
export const FAILOVER = kinds({
  /** Before the trial: what is not steady is not hurt. */
  steady,
  'steady-after': steady,
  /** Roles of the stores and objects of the platform, held against those noted before the trial. */
  'as-before': {
    ok: z.boolean(),
    waitedMs: z.number(),
    roles: z.array(z.object({ store: z.string(), before: z.string(), after: z.string() })),
    objects: z.number(),
    differences: z.array(z.string()),
  },

  /** Everything is prepared, nothing has been done yet. `target`: the names of `members`, or what else is hurt. */
  'fault-armed': {
    fault: z.string(),
    target: z.string(),
    members: z.array(
      z.strictObject({
        name: z.string(),
        uid: z.string(),
        node: z.string().nullable(),
        /** What is there to be hurt: processes, a cgroup, addresses. */
        found: z.string(),
      }),
    ),
  },
  /** In force for all of them. It was not yet at the first of the two times, it was at the second. */
  'fault-landed': {
    by: z.enum(LANDINGS),
    proof: z.string(),
    betweenMs: z.tuple([z.number(), z.number()]),
  },
  'fault-missed': { reason: z.string() },
  /** No fault was injected, and why. */
  'no-fault': { reason: z.string() },
  'restored-early-done': { undone: z.number(), failed: z.array(z.string()) },
});
