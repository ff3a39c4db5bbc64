import { ai, contract, together, wholeTopology, writes } from '../../catalogue/reads.ts';
import { always } from '../../catalogue/row.ts';
import type { CatalogueRow } from '../../catalogue/types.ts';

/** Twice the drafts that integrations/llm requests, as a reserve. */
const DRAFTS = 16;

/** Runs alone: a slow, busy or broken model disturbs everything that uses it. */
export const OF_THE_MODEL = {
  parts: ['ai'],
  reads: together(wholeTopology, ai, contract, writes),
  alone: always,
  time: {
    waits: ['edgeRequest', 'settle', 'settle'],
    workMs: (_environment, { waitMs }) => DRAFTS * waitMs('llmAnswer'),
    usualMs: 20_000,
  },
} as const satisfies Partial<CatalogueRow>;
