/** Judges of the scaling suite: how an autoscaler follows a load up and down, and how fast pods start. */
import type { CheckJudge } from '../definition.ts';
import { undeclared } from '../definition.ts';
import { judgeDown } from './down.ts';
import { judgeStartup } from './startup.ts';
import { judgeAiUp, judgeUp } from './up.ts';

export const SCALING_JUDGES: Readonly<Record<string, CheckJudge>> = {
  'scaling/backend/up': undeclared(judgeUp),
  'scaling/backend/down': undeclared(judgeDown),
  'scaling/ai/up': undeclared(judgeAiUp),
  'scaling/pods/startup': undeclared(judgeStartup),
};
