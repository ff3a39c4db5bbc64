/** The judge of every check that is built, by check id. A new check registers its judge here. */
import type { History } from '../record/history.ts';
import type { Judgement } from '../record/judgement.ts';
import type { Annotations } from './annotations.ts';
import type { CheckJudge } from './definition.ts';
import { enoughTrials, overTrials } from './definition.ts';
import { AI, judgeAi } from './failover/ai.ts';
import { BACKEND, judgeBackend } from './failover/backend.ts';
import { CONTROL_PLANE, judgeControlPlaneCrash } from './failover/control-plane.ts';
import { FAILOVER, judgeFailover } from './failover/index.ts';
import { QUERY } from './failover/query.ts';
import { GPU_JUDGES } from './gpu/index.ts';
import { INTEGRATIONS_JUDGES } from './integrations/index.ts';
import { PERFORMANCE_JUDGES } from './performance/index.ts';
import { SCALING_JUDGES } from './scaling/index.ts';
import { TELEMETRY_JUDGES } from './telemetry/index.ts';
import { TOPOLOGY_JUDGES } from './topology/index.ts';

/** Pure: histories of all trials in, judgement out. What it throws is the caller's `inconclusive`. */
export type Judge = (histories: History[]) => Judgement;

/** Judges of one history each. */
const ONE_BY_ONE: Readonly<Record<string, CheckJudge>> = {
  ...TOPOLOGY_JUDGES,
  ...PERFORMANCE_JUDGES,
  ...SCALING_JUDGES,
  ...INTEGRATIONS_JUDGES,
  ...GPU_JUDGES,
  ...TELEMETRY_JUDGES,
};

/** What hurts no store by itself, by the subject of the check. */
const SUBJECTS: Readonly<Record<string, { definition: CheckJudge; judge: Judge }>> = {
  'failover/backend': { definition: BACKEND, judge: enoughTrials(judgeBackend) },
  'failover/ai': { definition: AI, judge: enoughTrials(judgeAi) },
  'failover/control-plane': { definition: CONTROL_PLANE, judge: enoughTrials(judgeControlPlaneCrash) },
  'failover/query': { definition: QUERY, judge: enoughTrials(overTrials(QUERY)) },
};

/** What a check's judge is, what its pass rests on, and what is only an annotation; undefined where nothing is declared. */
export function definitionOf(check: string): CheckJudge | undefined {
  return found(check)?.definition;
}

/** Fields of a check's histories on whose value no verdict rests; see `CheckJudge`. */
export function annotationsOf(check: string): Annotations {
  return definitionOf(check)?.annotations ?? {};
}

/** The judge of a check, or undefined when there is none. One judge serves every store and fault. */
export function judgeOf(check: string): Judge | undefined {
  return found(check)?.judge;
}

function found(check: string): { definition: CheckJudge; judge: Judge } | undefined {
  const [suite, subject] = check.split('/');
  const ofSubject = SUBJECTS[`${suite}/${subject}`];
  if (ofSubject !== undefined) return ofSubject;
  if (suite === 'failover') return { definition: FAILOVER, judge: judgeFailover };
  const one = ONE_BY_ONE[check];
  return one === undefined ? undefined : { definition: one, judge: overTrials(one) };
}
