/** Judges of the integrations suite: what the platform needs from others, and how it does without. */
import type { CheckJudge } from '../definition.ts';
import { need } from '../evidence/need.ts';
import { judgeLlmToken } from './llm-token.ts';
import { judgeLlm, llmEvidence } from './llm.ts';

export const INTEGRATIONS_JUDGES: Readonly<Record<string, CheckJudge>> = {
  'integrations/llm': { judge: judgeLlm, evidence: llmEvidence, annotations: {} },
  'integrations/llm-token': {
    judge: judgeLlmToken,
    evidence: () => [need('key-scan', { what: 'a look through the logs' })],
    annotations: {
      'key-scan.lines': 'how much was looked through: only that it was something is claimed',
    },
  },
};
