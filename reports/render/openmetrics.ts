import { Gauge, Registry } from 'prom-client';
import type { OpenMetricsContentType } from 'prom-client';
import type { RunRecord } from '../record/run-record.ts';
import { most, summaryOf } from '../record/trials.ts';
import type { TrialSummary } from '../record/trials.ts';
import { VERDICTS } from '../record/verdict.ts';
import type { Verdict } from '../record/verdict.ts';
import { goalRows } from './goals.ts';
import type { GoalRow } from './goals.ts';
import { failedIn, oneLine } from './text.ts';

/** Values of the labels in their order, and the figure; null has no series: a figure that was not measured is not a zero. */
type Row = readonly [labels: readonly string[], value: number | null];
type Metric = readonly [
  name: string,
  help: string,
  labels: readonly string[],
  rows: (record: RunRecord) => Row[],
];

const FAILOVER = ['store', 'fault'] as const;
const GOAL = ['check', 'objective'] as const;

/** All metrics. Each also has the label `environment`. Base units (seconds), and nothing of the run itself: series stay the same from run to run. */
const METRICS: readonly Metric[] = [
  [
    'run_verdict',
    'Verdict of the run (scope: profile or selection): 1 for the verdict reached, 0 for the others.',
    ['scope', 'verdict'],
    ({ scope, verdict }) =>
      oneOf(verdict === 'not-run' ? 'inconclusive' : verdict, [scope]).filter(
        ([labels]) => !labels.includes('not-run'),
      ),
  ],
  [
    'run_end_timestamp_seconds',
    'When the run ended.',
    [],
    ({ endedAt }) => [[[], finite(Date.parse(endedAt) / 1000)]],
  ],
  [
    'run_duration_seconds',
    'How long the run took.',
    [],
    ({ startedAt, endedAt }) => [[[], finite(Date.parse(endedAt) / 1000 - Date.parse(startedAt) / 1000)]],
  ],
  ['run_api_calls', 'Calls to the Kubernetes API.', [], ({ apiCalls }) => [[[], apiCalls.total]]],
  ['run_assumed_goals', 'Goals that no owner has confirmed.', [], ({ assumedGoals }) => [[[], assumedGoals]]],
  [
    'run_unrestored_actions',
    'Actions that could not be undone.',
    [],
    ({ restored }) => [[[], restored.failed.length]],
  ],
  [
    'run_checks',
    'Checks by verdict.',
    ['verdict'],
    ({ checks }) => VERDICTS.map((one) => [[one], checks.filter(({ verdict }) => verdict === one).length]),
  ],
  [
    'check_verdict',
    'Verdict of a check: 1 for the verdict reached, 0 for the others.',
    ['suite', 'check', 'verdict'],
    ({ checks }) => checks.flatMap(({ suite, id, verdict }) => oneOf(verdict, [suite, id])),
  ],
  [
    'check_duration_seconds',
    'How long a check took.',
    ['suite', 'check'],
    ({ checks }) =>
      checks.map(({ suite, id, verdict, durationMs }) => [
        [suite, id],
        verdict === 'not-run' ? null : durationMs / 1000,
      ]),
  ],
  [
    'failover_rto_worst_seconds',
    'Longest outage of the counted trials, upper bound of its interval; +Inf: never steady again.',
    FAILOVER,
    failover(({ worstRto }) =>
      worstRto === undefined ? null : worstRto === null ? Infinity : worstRto.hiMs / 1000,
    ),
  ],
  [
    'failover_lost_writes',
    'Acknowledged writes that were lost, over all trials, counted or not.',
    FAILOVER,
    failover(({ lost }) => lost),
  ],
  [
    'failover_duplicated_writes',
    'Writes found more than once, over all trials, counted or not.',
    FAILOVER,
    failover(({ duplicates }) => duplicates),
  ],
  [
    'failover_trials',
    'Counted trials: those that passed or failed.',
    FAILOVER,
    failover(({ counted }) => counted.length || null),
  ],
  [
    'failover_trials_elected',
    'Counted trials in which another leader was elected.',
    FAILOVER,
    failover(({ counted, elected }) => (counted.length === 0 ? null : elected)),
  ],
  [
    'failover_loss_window_seconds',
    'Longest time between the first and the last acknowledged write that a trial lost, of all trials, counted or not.',
    FAILOVER,
    failover(({ lossWindowMs }) => (lossWindowMs === null ? null : lossWindowMs / 1000)),
  ],
  [
    'failover_trials_outside_expected',
    'Counted trials outside the RTO window that follows from the live settings.',
    FAILOVER,
    failover(({ expected: { inside, faster, slower } }) =>
      inside + faster + slower === 0 ? null : faster + slower,
    ),
  ],
  [
    'failover_failed_requests_ratio',
    'Share of the judged requests through the edge that failed, in the worst counted trial; refused ones did not fail.',
    FAILOVER,
    failover(({ counted }) =>
      most(
        counted.flatMap(({ requests }) =>
          requests === undefined || requests.judged === 0 ? [] : failedIn(requests) / requests.judged,
        ),
      ),
    ),
  ],
  [
    'goal_verdict',
    'Verdict of a goal: 1 for the verdict reached, 0 for the others.',
    [...GOAL, 'verdict'],
    (record) => goalRows(record).flatMap((row) => oneOf(row.goal.verdict, goalLabels(row))),
  ],
  [
    'goal_error_budget_remaining_ratio',
    'Share of the error budget left, with observation gaps, and the requests of a load of which nothing is known, counted as bad; below 0: overspent.',
    GOAL,
    (record) => goalRows(record).map((row) => [goalLabels(row), row.goal.remaining?.worst ?? null]),
  ],
  [
    'goal_coverage_ratio',
    'Share of the window that has data.',
    GOAL,
    (record) => goalRows(record).map((row) => [goalLabels(row), row.goal.coverage]),
  ],
];

/** OpenMetrics text for the textfile collector. */
export async function renderOpenMetrics(record: RunRecord): Promise<string> {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return filled(registry, record).metrics();
}

/** The same series in the older Prometheus text format, the only one that a Pushgateway accepts. */
export async function renderPrometheusText(record: RunRecord): Promise<string> {
  return filled(new Registry(), record).metrics();
}

function filled<T extends Registry | Registry<OpenMetricsContentType>>(registry: T, record: RunRecord): T {
  for (const [name, help, names, rows] of METRICS) {
    const labelNames = ['environment', ...names];
    const gauge = new Gauge({ name: `plumbline_${name}`, help, labelNames, registers: [registry] });
    for (const [labels, value] of rows(record))
      if (value !== null) gauge.labels(...[record.environment.name, ...labels].map(label)).set(value);
  }
  return registry;
}

/** Label values come from the catalogue and the environment file; a cut keeps a damaged record from growing series. */
const label = (text: string): string => oneLine(text, 120);

const finite = (value: number): number => (Number.isFinite(value) ? value : 0);

/** One row a verdict, 1 for the one that was reached. */
const oneOf = (reached: Verdict, labels: readonly string[]): Row[] =>
  VERDICTS.map((one) => [[...labels, one], Number(one === reached)]);

const goalLabels = ({ check, goal }: GoalRow): string[] => [check.id, goal.objective];

/** A figure over the trials of each check that has some. */
function failover(figure: (summary: TrialSummary) => number | null) {
  return ({ checks }: RunRecord): Row[] =>
    checks.flatMap(({ trials }) => {
      const [first] = trials;
      return first === undefined ? [] : [[[first.store, first.fault], figure(summaryOf(trials))] as const];
    });
}
