/** Judges of the integrations suite: what the platform needs from others, and how it does without. */
import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { judgeLlm } from './llm.ts';

export const INTEGRATIONS_JUDGES: Readonly<Record<string, (history: History) => Judgement>> = {
  'integrations/llm': judgeLlm,
};
