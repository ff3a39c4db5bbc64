import { OF_THE_MODEL } from '../_model/declaring.ts';
import { drafts } from '../../catalogue/requirements.ts';
import { row } from '../../catalogue/row.ts';
import type { CatalogueRow } from '../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...OF_THE_MODEL,
    id: 'integrations/llm',
    order: 1090,
    touches: { runner: ['ai.behave', 'application.draft'] },
    title: 'The language model, and drafts without it',
    section: '7',
    // Each draft asks the model, and the model is made to fail: production is spared.
    access: 'w w w w -',
    does: "five drafts through the edge as usual, and one each while the model's stand-in answers 429, answers 500 and does not answer",
    goal: 'answers within 3 s; a 429, a failure or a time-out upstream gives a degraded answer within 10 s, not an error',
    goals: { answerSeconds: 3, degradedSeconds: 10 },
    requires: drafts,
    cannotPass: ({ ai }) =>
      ai?.llm.control === undefined
        ? 'not declared: ai.llm.control, by which its model is made to fail'
        : null,
  }),
];
