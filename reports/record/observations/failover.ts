import { z } from 'zod';
import { kinds } from './kinds.ts';

/** What every trial records, whatever it hurts: its fault, its stages, and how the environment was left. */
export const FAILOVER = kinds({
  'steady-after': {
    ok: z.boolean(),
    leader: z.string().nullable().optional(),
    detail: z.string(),
  },
  /** Roles of the stores and objects of the platform, held against those noted before the trial. */
  'as-before': {
    ok: z.boolean(),
    waitedMs: z.number(),
    roles: z.array(z.object({ store: z.string(), before: z.string(), after: z.string() })),
    objects: z.number(),
    differences: z.array(z.string()),
  },
  'restored-early-done': { undone: z.number(), failed: z.array(z.string()) },
});
