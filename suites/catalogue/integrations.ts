import { ai, together, wholeTopology, writes } from './reads.ts';
import { aiBehindEdge } from './requirements.ts';
import { always, row, turns } from './row.ts';
import type { CatalogueRow } from './types.ts';

/** Drafts that integrations/llm asks for, and room for as many more. */
const DRAFTS = 16;

/** What makes the model slow, busy or broken disturbs all that asks it. */
const OF_THE_MODEL = {
  parts: ['ai'],
  reads: together(wholeTopology, ai, writes),
  alone: always,
  time: {
    waits: ['edgeRequest', 'settle', 'settle'],
    workMs: (_environment, { waitMs }) => DRAFTS * waitMs('llmAnswer'),
    usualMs: 20_000,
  },
} as const satisfies Partial<CatalogueRow>;

export const integrations: readonly CatalogueRow[] = [
  row({
    id: 'integrations/object-storage',
    title: 'Object storage keeps what it is given',
    section: '7',
    access: 'w w w w w',
    goal: 'put, get, multipart, list, delete, with matching checksums',
    control: [turns('a wrong key')],
  }),
  row({
    ...OF_THE_MODEL,
    id: 'integrations/llm',
    title: 'The language model, and life without it',
    section: '7',
    // Each draft asks the model, and the model is made to fail: production is spared.
    access: 'w w w w -',
    does: "five drafts through the edge as usual, one while the model's stand-in answers 429, 500 or not at all",
    goal: 'answers within 3 s; a 429, a failure or a time-out upstream gives a degraded answer within 10 s, not an error',
    goals: { answerSeconds: 3, degradedSeconds: 10 },
    control: [turns('1 s is added to every answer of the model')],
    stubbed: ['Kong', 'LLM'],
    built: true,
    requires: aiBehindEdge,
  }),
  row({
    ...OF_THE_MODEL,
    id: 'integrations/llm-token',
    title: "The language model's token is in no log",
    section: '7',
    access: 'r r r r r',
    does: 'the logs of every container of platform and edge, as far back as kubelet keeps them',
    goal: "the model's token is in no log of any container of the platform and its edge",
    control: [turns("the model's token in a log")],
    stubbed: ['LLM'],
    built: true,
    requires: { what: 'ai.llm.token', declares: ({ ai: service }) => service?.llm.token !== undefined },
  }),
];
