import { row, turns } from './row.ts';
import type { CatalogueRow } from './types.ts';

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
    id: 'integrations/llm',
    title: 'The language model, and life without it',
    section: '7',
    // Each draft asks the model, and the model is made to fail: production is spared.
    access: 'w w w w -',
    goal: 'answers within 3 s; a 429, a failure or a time-out upstream gives a degraded answer within 10 s, not an error',
    goals: { answerSeconds: 3, degradedSeconds: 10 },
    control: [turns('1 s is added to every answer of the model')],
    stubbed: ['Kong', 'LLM'],
    built: true,
  }),
  row({
    id: 'integrations/llm-token',
    title: "The language model's token is in no log",
    section: '7',
    access: 'r r r r r',
    goal: "the model's token is in no log of any container of the platform and its edge",
    control: [turns("the model's token in a log")],
    stubbed: ['LLM'],
    built: true,
  }),
];
