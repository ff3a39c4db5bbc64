import { changeModel } from '../../_breaking/model.ts';
import { controlsFor } from '../../harness/control.ts';

const ADDED_MS = 1000;

/** Met with the usual model of 0.3 s, and not with one that is a second slower. */
const ANSWER_SECONDS = 1;

export const controls = controlsFor('integrations/llm', {
  slow: {
    title: `${ADDED_MS / 1000} s is added to every answer of the model`,
    seen: /draft 1: .*a draft by the model after 1\.\d+ s/,
    settings: { goals: { answerSeconds: ANSWER_SECONDS } },
    break: (ctx) =>
      changeModel(ctx, `the model is ${ADDED_MS / 1000} s slower`, ({ delayMs }) => ({
        delayMs: delayMs + ADDED_MS,
      })),
  },
});
