import { z } from 'zod';
import { kinds } from './kinds.ts';

/** Stores in which a job of the AI service leaves something. */
export const EFFECT_SOURCES = ['elasticsearch', 'neo4j'] as const;
/** Numbers of writes in a list at most: a trial in which everything was lost has a history that can be read. */
export const MOST_NUMBERS = 1_000;

const numbers = z.array(z.int());
const source = z.enum(EFFECT_SOURCES);

/** What trials of the platform's own Deployments, of its control plane and of its queries record beside what every trial does. */
export const PLATFORM = kinds({
  /** What became of the tenders that were accepted. Lists hold numbers of writes, at most 1,000 each. */
  jobs: {
    /** Writes that were acknowledged. */
    acknowledged: z.int(),
    /** Different tenders that they were given: those that were followed. */
    accepted: z.int(),
    /** How many of them were seen in which state last. */
    counts: z.strictObject({
      done: z.int(),
      /** Done without the model. */
      degraded: z.int(),
      failed: z.int(),
      /** Not come to an end. */
      accepted: z.int(),
      /** The platform knows none of the id. */
      missing: z.int(),
      /** The platform did not say. */
      unread: z.int(),
    }),
    open: numbers,
    failed: numbers,
    /** Acknowledged with the id of another, and without any. */
    shared: numbers,
    withoutId: numbers,
    waitedMs: z.number(),
    /** What kept the last one that was not read from being read. */
    trouble: z.string(),
  },
  /** What accepted jobs left in a store. */
  effects: {
    source,
    /** Jobs said to be done that are there, and those that are not. */
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
