/** Makes the load result of one run of k6 from its samples, summary and exit. */
import type { LoadResult } from '../../../reports/record/details/load-result.ts';
import type { Collector } from '../points/collector.ts';
import { judge } from '../points/expression.ts';
import type { Ending } from './exit-codes.ts';
import type { Plan } from './inspect.ts';
import type { LogReader } from './output.ts';
import { durationOf, requestsOf, verdictOf, type Summary } from './summary.ts';

export interface Run {
  script: string;
  version: string;
  plan: Plan;
  ending: Ending;
  collector: Collector;
  log: LogReader;
  summary: Summary | null;
  /** Interrupted iterations, as counted by k6. */
  interrupted: number;
  /** Wall clock at which k6 was started, ms since 1970. */
  spawnedMs: number;
}

const ENGINE = { name: 'k6', stubbed: false, latencyFrom: 'sent' } as const;

/** A result for a load that never began. */
export function emptyResult(script: string, version: string, ending: Ending): LoadResult {
  return {
    schema: 1,
    engine: { ...ENGINE, version },
    script,
    startedAt: new Date().toISOString(),
    durationMs: 0,
    scenarios: [],
    requests: { count: 0, failed: 0 },
    metrics: {},
    checks: [],
    thresholds: [],
    seconds: [],
    errors: [],
    ...ending,
  };
}

/** The ending, changed to `failed` if samples or the summary are missing: what they would show is unknown. */
function whole(run: Run): Ending {
  const { ending, summary, collector } = run;
  const counted = summary === null ? null : requestsOf(summary);
  if (ending.outcome !== 'completed') return ending;
  if (summary === null)
    return {
      outcome: 'failed',
      reason: 'k6 ended without a summary: its verdicts on thresholds are missing',
    };
  if (counted === null || counted === collector.requests) return ending;
  return {
    outcome: 'failed',
    reason: `k6 counted ${counted} requests, but its samples have ${collector.requests}: the record is incomplete`,
  };
}

function errorsOf(run: Run): LoadResult['errors'] {
  const { collector, log, interrupted, plan } = run;
  const all = collector.errors;
  for (const { error, count } of log.thrown.top()) all.add(error, count);
  if (collector.unreadable > 0) all.add('lines of k6’s output that are not samples', collector.unreadable);
  if (interrupted > 0 && plan.scenarios.length !== 1)
    all.add('interrupted iterations (k6 does not say of which scenario)', interrupted);
  return all.top();
}

export function resultOf(run: Run): LoadResult {
  const { collector, summary, plan } = run;
  const durationMs = (summary === null ? null : durationOf(summary)) ?? collector.durationMs;
  const metrics = collector.metrics(durationMs);
  return {
    schema: 1,
    engine: { ...ENGINE, version: run.version },
    script: run.script,
    startedAt: new Date(collector.beganMs ?? run.spawnedMs).toISOString(),
    durationMs,
    scenarios: collector.scenarios(run.interrupted),
    requests: { count: collector.requests, failed: collector.failed },
    metrics,
    checks: collector.checks(),
    thresholds: plan.thresholds.map(({ metric, expression }) => ({
      metric,
      expression,
      // k6 counts a threshold without samples as met; here it is unknown.
      ok:
        metrics[metric] === undefined
          ? null
          : ((summary && verdictOf(summary, metric, expression)) ?? judge(metrics[metric], expression)),
    })),
    seconds: collector.seconds(),
    errors: errorsOf(run),
    ...whole(run),
  };
}
