/** Judges of the integrations suite: what the platform needs from others, and how it does without. */
import type { CheckJudge } from '../definition.ts';
import { undeclared } from '../definition.ts';
import { judgeLlm } from './llm.ts';

export const INTEGRATIONS_JUDGES: Readonly<Record<string, CheckJudge>> = {
  'integrations/llm': undeclared(judgeLlm),
};
