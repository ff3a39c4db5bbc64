/** Judges of the telemetry suite: what was sent and written, held against what arrived. */
import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { judgeFires, judgeRules } from './alerts.ts';
import { judgeCorrelation } from './correlation.ts';
import { judgeDashboards } from './dashboards.ts';
import { judgeLogs, judgeLogsUnderFault } from './logs.ts';
import { judgeFreshness, judgeSeries, judgeTargets } from './metrics.ts';
import { judgeComplete, judgeTraces, judgeTracesUnderFault } from './traces.ts';
import { judgeWorkloads } from './workloads.ts';

export const TELEMETRY_JUDGES: Readonly<Record<string, (history: History) => Judgement>> = {
  'telemetry/logs/canary': judgeLogs,
  'telemetry/logs/every-workload': judgeWorkloads,
  'telemetry/logs/under-fault': judgeLogsUnderFault,
  'telemetry/traces/canary': judgeTraces,
  'telemetry/traces/complete': judgeComplete,
  'telemetry/traces/under-fault': judgeTracesUnderFault,
  'telemetry/correlation': judgeCorrelation,
  'telemetry/metrics/targets': judgeTargets,
  'telemetry/metrics/series': judgeSeries,
  'telemetry/metrics/freshness': judgeFreshness,
  'telemetry/alerts/rules': judgeRules,
  'telemetry/alerts/fires': judgeFires,
  'telemetry/dashboards': judgeDashboards,
};
