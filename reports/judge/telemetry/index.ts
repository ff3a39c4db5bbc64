/** Judges of the telemetry suite: what was sent and written, held against what arrived. */
import type { CheckJudge } from '../definition.ts';
import { undeclared } from '../definition.ts';
import { judgeFires, judgeRules } from './alerts.ts';
import { judgeCorrelation } from './correlation.ts';
import { judgeDashboards } from './dashboards.ts';
import { judgeLogs, judgeLogsUnderFault } from './logs.ts';
import { judgeFreshness, judgeSeries, judgeTargets } from './metrics.ts';
import { judgeComplete, judgeTraces, judgeTracesUnderFault } from './traces.ts';
import { judgeWorkloads } from './workloads.ts';

export const TELEMETRY_JUDGES: Readonly<Record<string, CheckJudge>> = {
  'telemetry/logs/canary': undeclared(judgeLogs),
  'telemetry/logs/every-workload': undeclared(judgeWorkloads),
  'telemetry/logs/under-fault': undeclared(judgeLogsUnderFault),
  'telemetry/traces/canary': undeclared(judgeTraces),
  'telemetry/traces/complete': undeclared(judgeComplete),
  'telemetry/traces/under-fault': undeclared(judgeTracesUnderFault),
  'telemetry/correlation': undeclared(judgeCorrelation),
  'telemetry/metrics/targets': undeclared(judgeTargets),
  'telemetry/metrics/series': undeclared(judgeSeries),
  'telemetry/metrics/freshness': undeclared(judgeFreshness),
  'telemetry/alerts/rules': undeclared(judgeRules),
  'telemetry/alerts/fires': undeclared(judgeFires),
  'telemetry/dashboards': undeclared(judgeDashboards),
};
