import { z } from 'zod';
import { kinds } from './kinds.ts';

/** Stores in which a job of the AI service leaves something. */
export const EFFECT_SOURCES = ['elasticsearch', 'neo4j'] as const;
/** Most write numbers in one list: even a trial that lost everything has a history that can be read. */
export const MOST_NUMBERS = 1_000;

const numbers = z.array(z.int());
const source = z.enum(EFFECT_SOURCES);

/** What trials of the platform's own Deployments, of its control plane and of its queries record beside what every trial does. */
export const PLATFORM = kinds({
  /** What became of the tenders that were accepted. Lists hold numbers of writes, at most 1,000 each. */
  jobs: {
    /** Writes that were acknowledged. */
    acknowledged: z.int(),
    /** Distinct tenders that these writes created: those that were followed. */
    accepted: z.int(),
    /** Number of tenders by the last state that was seen. */
    counts: z.strictObject({
      done: z.int(),
      /** Done without the model. */
      degraded: z.int(),
      failed: z.int(),
      /** Not finished. */
      accepted: z.int(),
      /** The platform knows no tender of that id. */
      missing: z.int(),
      /** The platform did not say. */
      unread: z.int(),
    }),
    open: numbers,
    failed: numbers,
    /** Writes acknowledged with another write's id, and without an id. */
    shared: numbers,
    withoutId: numbers,
    waitedMs: z.number(),
    /** Error of the last tender that could not be read. */
    trouble: z.string(),
  },
  /** What accepted jobs left in a store. */
  effects: {
    source,
    /** Finished jobs whose effects are in the store, and writes whose effects are missing. */
    found: z.int(),
    absent: numbers,
    /** `[number of the write, how often]`. */
    doubled: z.array(z.tuple([z.int(), z.int()])),
  },
  'effects-failed': { source, reason: z.string() },

  /** Every pod of a Deployment was replaced: how many there had been. */
  'rollout-done': { replaced: z.int(), detail: z.string() },
  'rollout-open': { detail: z.string() },
});
