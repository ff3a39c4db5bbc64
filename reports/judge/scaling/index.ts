/** Judges of the scaling suite: how an autoscaler follows a load up and down, and how fast pods start. */
import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { judgeDown } from './down.ts';
import { judgeStartup } from './startup.ts';
import { judgeAiUp, judgeUp } from './up.ts';

export const SCALING_JUDGES: Readonly<Record<string, (history: History) => Judgement>> = {
  'scaling/backend/up': judgeUp,
  'scaling/backend/down': judgeDown,
  'scaling/ai/up': judgeAiUp,
  'scaling/pods/startup': judgeStartup,
};
