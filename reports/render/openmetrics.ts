import { Gauge, Registry } from 'prom-client';
import type { OpenMetricsContentType } from 'prom-client';
import type { FailoverRecord, RunRecord } from '../record/run-record.ts';
import { lostWrites, readBack } from '../record/trials.ts';
import { VERDICTS } from '../record/verdict.ts';
import { goalRows } from './goals.ts';
import { countedIn, electedIn, failedIn, injectedIn, oneLine } from './text.ts';

type Metrics = Registry<OpenMetricsContentType> | Registry;

/** Label values come from the catalogue and the environment file; a cut keeps a damaged record from growing series. */
const label = (text: string): string => oneLine(text, 120);

function gauge<T extends string>(
  registry: Metrics,
  name: string,
  help: string,
  labelNames: readonly T[],
): Gauge<T> {
  return new Gauge<T>({
    name: `plumbline_${name}`,
    help,
    labelNames: [...labelNames],
    registers: [registry],
  });
}

/**
 * OpenMetrics text for the textfile collector. Base units (seconds), labels bounded by the catalogue, no run ids: the series of
 * an environment stay the same from run to run.
 */
export async function renderOpenMetrics(record: RunRecord): Promise<string> {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  fill(registry, record);
  return registry.metrics();
}

/** The same series in the older Prometheus text format, the only one that a Pushgateway accepts. */
export async function renderPrometheusText(record: RunRecord): Promise<string> {
  const registry = new Registry();
  fill(registry, record);
  return registry.metrics();
}

function fill(registry: Metrics, record: RunRecord): void {
  runMetrics(registry, record);
  checkMetrics(registry, record);
  failoverMetrics(registry, record);
  goalMetrics(registry, record);
}

function runMetrics(registry: Metrics, record: RunRecord): void {
  const environment = label(record.environment.name);
  const { scope } = record;
  const what =
    'Verdict of the run (scope: profile or selection): 1 for the verdict reached, 0 for the others.';
  const verdict = gauge(registry, 'run_verdict', what, ['environment', 'scope', 'verdict']);
  const own = record.verdict === 'not-run' ? 'inconclusive' : record.verdict;
  for (const one of VERDICTS)
    if (one !== 'not-run') verdict.set({ environment, scope, verdict: one }, Number(own === one));
  const started = Date.parse(record.startedAt) / 1000;
  const ended = Date.parse(record.endedAt) / 1000;
  gauge(registry, 'run_end_timestamp_seconds', 'When the run ended.', ['environment']).set(
    { environment },
    finite(ended),
  );
  gauge(registry, 'run_duration_seconds', 'How long the run took.', ['environment']).set(
    { environment },
    finite(ended - started),
  );
  gauge(registry, 'run_api_calls', 'Calls to the Kubernetes API.', ['environment']).set(
    { environment },
    record.apiCalls.total,
  );
  gauge(registry, 'run_assumed_goals', 'Goals that no owner has confirmed.', ['environment']).set(
    { environment },
    record.assumedGoals,
  );
  gauge(registry, 'run_unrestored_actions', 'Actions that could not be undone.', ['environment']).set(
    { environment },
    record.restored.failed.length,
  );
  const checks = gauge(registry, 'run_checks', 'Checks by verdict.', ['environment', 'verdict']);
  for (const one of VERDICTS)
    checks.set({ environment, verdict: one }, record.checks.filter((check) => check.verdict === one).length);
}

const finite = (value: number): number => (Number.isFinite(value) ? value : 0);

function checkMetrics(registry: Metrics, record: RunRecord): void {
  const environment = label(record.environment.name);
  const verdict = gauge(
    registry,
    'check_verdict',
    'Verdict of a check: 1 for the verdict reached, 0 for the others.',
    ['environment', 'suite', 'check', 'verdict'],
  );
  const duration = gauge(registry, 'check_duration_seconds', 'How long a check took.', [
    'environment',
    'suite',
    'check',
  ]);
  for (const check of record.checks) {
    const labels = { environment, suite: label(check.suite), check: label(check.id) };
    for (const one of VERDICTS) verdict.set({ ...labels, verdict: one }, Number(check.verdict === one));
    if (check.verdict !== 'not-run') duration.set(labels, check.durationMs / 1000);
  }
}

function failoverMetrics(registry: Metrics, record: RunRecord): void {
  const names = ['environment', 'store', 'fault'] as const;
  const rto = gauge(
    registry,
    'failover_rto_worst_seconds',
    'Longest outage of the counted trials, upper bound of its interval; +Inf: never steady again.',
    names,
  );
  const lost = gauge(
    registry,
    'failover_lost_writes',
    'Acknowledged writes that were lost, over all trials, counted or not.',
    names,
  );
  const duplicated = gauge(
    registry,
    'failover_duplicated_writes',
    'Writes found more than once, over all trials, counted or not.',
    names,
  );
  const trials = gauge(registry, 'failover_trials', 'Counted trials: those that passed or failed.', names);
  const elsewhere = gauge(
    registry,
    'failover_trials_elected',
    'Counted trials in which another leader was elected.',
    names,
  );
  const more = furtherMetrics(registry, names);
  const environment = label(record.environment.name);
  for (const check of record.checks) {
    const first = check.trials[0];
    if (first === undefined) continue;
    const labels = { environment, store: label(first.store), fault: label(first.fault) };
    const read = readBack(check.trials);
    // Nothing known, no figure: an absent series is not a zero.
    if (read.length > 0) {
      lost.set(labels, lostWrites(check.trials) ?? 0);
      duplicated.set(
        labels,
        read.reduce((sum, writes) => sum + writes.duplicates, 0),
      );
    }
    more(labels, check.trials);
    const counted = countedIn(check.trials);
    if (counted.length === 0) continue;
    const injected = injectedIn(counted);
    if (injected.length > 0)
      rto.set(
        labels,
        Math.max(...injected.map((trial) => (trial.rto === null ? Infinity : trial.rto.hiMs / 1000))),
      );
    trials.set(labels, counted.length);
    elsewhere.set(labels, electedIn(counted));
  }
}

type Labels = Record<'environment' | 'store' | 'fault', string>;

/** What not every check has: a figure that was not measured has no series. */
function furtherMetrics(
  registry: Metrics,
  names: readonly ['environment', 'store', 'fault'],
): (labels: Labels, trials: readonly FailoverRecord[]) => void {
  const window = gauge(
    registry,
    'failover_loss_window_seconds',
    'Longest time between the first and the last acknowledged write that a trial lost, of all trials, counted or not.',
    names,
  );
  const outside = gauge(
    registry,
    'failover_trials_outside_expected',
    'Counted trials outside the RTO window that follows from the live settings.',
    names,
  );
  const failed = gauge(
    registry,
    'failover_failed_requests_ratio',
    'Share of the judged requests through the edge that failed, in the worst counted trial; refused ones did not fail.',
    names,
  );
  return (labels, trials) => {
    const windows = trials.flatMap(({ lossWindowMs }) =>
      lossWindowMs === null ? [] : [lossWindowMs / 1000],
    );
    if (windows.length > 0) window.set(labels, Math.max(...windows));
    const counted = countedIn(trials);
    const compared = counted.filter(({ outsideExpected }) => outsideExpected !== 'unknown');
    if (compared.length > 0)
      outside.set(labels, compared.filter(({ outsideExpected }) => outsideExpected !== 'no').length);
    const ratios = counted.flatMap(({ requests }) =>
      requests === undefined || requests.judged === 0 ? [] : [failedIn(requests) / requests.judged],
    );
    if (ratios.length > 0) failed.set(labels, Math.max(...ratios));
  };
}

/** Goals. A budget or coverage that does not exist or was not measured has no series. */
function goalMetrics(registry: Metrics, record: RunRecord): void {
  const names = ['environment', 'check', 'objective'] as const;
  const verdict = gauge(
    registry,
    'goal_verdict',
    'Verdict of a goal: 1 for the verdict reached, 0 for the others.',
    [...names, 'verdict'],
  );
  const remaining = gauge(
    registry,
    'goal_error_budget_remaining_ratio',
    'Share of the error budget left, with observation gaps, and the requests of a load of which nothing is known, counted as bad; below 0: overspent.',
    names,
  );
  const coverage = gauge(registry, 'goal_coverage_ratio', 'Share of the window that has data.', names);
  const environment = label(record.environment.name);
  for (const { check, goal } of goalRows(record)) {
    const labels = { environment, check: label(check.id), objective: label(goal.objective) };
    for (const one of VERDICTS) verdict.set({ ...labels, verdict: one }, Number(goal.verdict === one));
    if (goal.remaining !== null) remaining.set(labels, goal.remaining.worst);
    if (goal.coverage !== null) coverage.set(labels, goal.coverage);
  }
}
