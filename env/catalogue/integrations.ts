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
    access: 'w w w w r',
    goal: "answers within 3 s; a 429, a failure or a time-out upstream gives a degraded answer within 10 s, not an error; the model's token in no log",
    goals: { answerSeconds: 3, degradedSeconds: 10 },
    control: [turns("the model's token in a log"), turns('1 s is added to every answer of the model')],
    needs: ['edge'],
    stubbed: ['Kong', 'LLM'],
    built: true,
  }),
];
