/** Judges of the performance suite: latency, availability and throughput of a load, and the error budgets from Prometheus. */
import type { HistoryHeader } from '../../record/history.ts';
import type { Annotations } from '../annotations.ts';
import type { CheckJudge } from '../definition.ts';
import { need } from '../evidence/need.ts';
import type { AnyNeed } from '../evidence/need.ts';
import { judgeAvailability } from './availability.ts';
import { judgeBudget } from './budget.ts';
import { judgeLatency } from './latency.ts';
import { judgeThroughput } from './throughput.ts';
import { UNASKED_SECONDS } from './whole-load.ts';

/** Fields of a load on which no verdict rests. */
export const LOAD_ANNOTATIONS: Annotations = {
  'load-start.passedOver': 'why another engine was not taken: whichever runs, it is judged by what it sent',
  'load.engineVersion': 'names the program for people',
  'load.stubbed': 'says that the engine ran against a stand-in, which is shown beside its name',
  'load.checks[].name': 'what was asked for, for people: passes and fails are what counts',
  'load.errors': 'explains failures that the checks have counted',
};

/** The load, and the seconds that were planned of it, but for the last ones, of which not every engine tells; its sums say whether one is missing. */
function loadEvidence({ settings }: HistoryHeader): AnyNeed[] {
  const { seconds = 1 } = settings.steady ?? {};
  return [
    need('load-start', { what: 'the start of the load' }),
    need('load', { what: 'what the load came to' }),
    need('load-second', { count: Math.max(1, seconds - UNASKED_SECONDS), what: 'seconds of the load' }),
  ];
}

const ofLoad = (judge: CheckJudge['judge']): CheckJudge => ({
  judge,
  evidence: loadEvidence,
  annotations: LOAD_ANNOTATIONS,
});

/** An answer for every objective that the environment holds. */
function budgetEvidence({ settings }: HistoryHeader): AnyNeed[] {
  const names = (settings.objectives ?? []).map((one) => (typeof one === 'string' ? one : one.name));
  return names.map((name) =>
    need('series', { where: ({ objectives }) => objectives.includes(name), what: `series of ${name}` }),
  );
}

const BUDGET_ANNOTATIONS: Annotations = {
  'series.values[].labels.*':
    'which pods, routes and statuses there are is declared nowhere; that each is of a scraped target and counted alike in every answer is judged',
};

export const PERFORMANCE_JUDGES: Readonly<Record<string, CheckJudge>> = {
  'performance/api/latency': ofLoad(judgeLatency('API')),
  'performance/api/availability': ofLoad(judgeAvailability('API')),
  'performance/api/throughput': ofLoad(judgeThroughput('API')),
  'performance/ai/latency': ofLoad(judgeLatency('AI')),
  'performance/ai/availability': ofLoad(judgeAvailability('AI')),
  'performance/ai/throughput': ofLoad(judgeThroughput('AI')),
  'performance/budget': { judge: judgeBudget, evidence: budgetEvidence, annotations: BUDGET_ANNOTATIONS },
};
