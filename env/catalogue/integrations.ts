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
    goal: 'answers within the goal; a 429 or a time-out upstream gives a degraded answer, not an error; no key in any log',
    control: [turns('a key in a log')],
  }),
];
