import { ai, together, wholeTopology, writes } from '../../catalogue/reads.ts';
import { always } from '../../catalogue/row.ts';
import type { CatalogueRow } from '../../catalogue/types.ts';

/** Drafts that integrations/llm asks for, and room for as many more. */
const DRAFTS = 16;

/** What makes the model slow, busy or broken disturbs all that asks it. */
export const OF_THE_MODEL = {
  parts: ['ai'],
  reads: together(wholeTopology, ai, writes),
  alone: always,
  time: {
    waits: ['edgeRequest', 'settle', 'settle'],
    workMs: (_environment, { waitMs }) => DRAFTS * waitMs('llmAnswer'),
    usualMs: 20_000,
  },
} as const satisfies Partial<CatalogueRow>;
