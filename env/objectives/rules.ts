/**
 * Rules for Prometheus from service level objectives: the share of bad events over several windows, recorded, and alerts on burn rates over two
 * windows each, as the Google SRE Workbook has them (chapter 5, "Multiwindow, Multi-Burn-Rate Alerts", table 5-8): the long window says that
 * budget is being spent, the short one that it still is. Pure.
 */
import { stringify } from 'yaml';
import type { Objective } from '../../reports/record/telemetry/objective.ts';
import type { AlertSettings } from '../../probes/signals/declaration.ts';
import { durationMs, rateRange } from './window.ts';

interface Burn {
  readonly long: Window;
  readonly short: Window;
  /** How many times faster than the budget allows, where the budget is that of 30 days. */
  readonly factor: number;
  readonly severity: 'page' | 'ticket';
}

type Window = '5m' | '30m' | '1h' | '2h' | '6h' | '1d' | '3d';

/** 2 % of a month's budget in an hour, 5 % in six hours, 10 % in three days; and, as Sloth and kubernetes-mixin add, 10 % in a day. */
const BURNS: readonly Burn[] = [
  { long: '1h', short: '5m', factor: 14.4, severity: 'page' },
  { long: '6h', short: '30m', factor: 6, severity: 'page' },
  { long: '1d', short: '2h', factor: 3, severity: 'ticket' },
  { long: '3d', short: '6h', factor: 1, severity: 'ticket' },
];

/** How often burn rates are computed; the shortest window is ten times as long. */
const BURN_INTERVAL = '30s';
/** Length of a slice where the objective names none. */
const DEFAULT_SLICE_MS = 60_000;
/** Longest time between two looks at slices: the shortest window has one as well, however long a slice is. */
const LONGEST_STEP_MS = durationMs('5m');

/** A group of rules, as Prometheus' files and PrometheusRule have it. */
export interface RuleGroup {
  readonly name: string;
  readonly interval?: string;
  readonly rules: readonly Rule[];
}

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What `telemetry.alerts` says of groups and of the canary; the rest of it is of no matter here. */
type AlertNames = Pick<AlertSettings, 'ruleGroups' | 'canary'>;

/** What the rules of an environment are made of. */
interface Ruled {
  readonly name: string;
  readonly objectives: readonly Objective[];
  readonly prometheus?: { readonly scrapeSeconds: number } | undefined;
  readonly telemetry?: { readonly alerts?: AlertNames | undefined } | undefined;
}

/** As the schema has it where the environment declares no alerts. */
const DEFAULT_PREFIX = 'plumbline-';

/** A number in PromQL without the digits that floating point adds. */
const number = (value: number): string => String(Number(value.toPrecision(10)));

const minutes = (ms: number): string => `${ms / 60_000}m`;

/** Share of bad events over a window, as PromQL; of a ratio. */
function badShare(indicator: Extract<Objective['indicator'], { kind: 'ratio' }>, window: string): string {
  const { counter, good, bad, total } = indicator;
  const events = (query: string): string =>
    counter ? `sum(rate(${query}[${window}]))` : `sum(sum_over_time((${query})[${window}:]))`;
  // Without a single event there is no series of them: of the good ones in an outage, of the bad ones without a fault.
  if (good !== null) return `1 - (${events(good)} or vector(0)) / ${events(total)}`;
  return `(${events(bad ?? total)} or vector(0)) / ${events(total)}`;
}

/** How a value compares that misses the goal. */
const MISSES = { lte: '>', lt: '>=', gte: '<', gt: '<=' } as const;

/** Whether one slice of time is bad, as PromQL: 1 or 0. */
function badSlice({ indicator, slice }: Objective, scrapeSeconds: number | undefined): string {
  if (indicator.kind === 'threshold') {
    const missed = `(${indicator.query}) ${MISSES[indicator.op]} bool ${number(indicator.value)}`;
    // Where the service is gone there is no number, and that is too little.
    return ['gte', 'gt'].includes(indicator.op) ? `${missed} or on() vector(1)` : missed;
  }
  const { target, ms } = slice ?? { target: 1, ms: DEFAULT_SLICE_MS };
  return `(${badShare(indicator, rateRange(minutes(ms), scrapeSeconds))}) > bool ${number(1 - target)}`;
}

/**
 * Share of the budget's unit (events, or slices of time) that was bad over a window.
 * @param scrapeSeconds interval of Prometheus; left out: that of the schema
 */
export function badRatio(objective: Objective, window: string, scrapeSeconds?: number): string {
  const { indicator, method, slice } = objective;
  if (indicator.kind === 'ratio' && method === 'Occurrences')
    return badShare(indicator, rateRange(window, scrapeSeconds));
  const step = minutes(Math.min(slice?.ms ?? DEFAULT_SLICE_MS, LONGEST_STEP_MS));
  return `avg_over_time((${badSlice(objective, scrapeSeconds)})[${window}:${step}])`;
}

const recordOf = (window: Window): string => `plumbline:bad_ratio:${window}`;

function groupFor(
  objective: Objective,
  { name: environment, prometheus, telemetry }: Omit<Ruled, 'objectives'>,
): RuleGroup {
  const { name, title, service, target, unseen } = objective;
  const labels = { environment, objective: name, service };
  // A rate that would spend more than there is in every unit can never be reached.
  const burns = BURNS.filter(({ factor }) => factor * (1 - target) < 1);
  const windows = [...new Set(burns.flatMap(({ long, short }) => [short, long]))];
  const over = (window: Window, factor: number): string =>
    `${recordOf(window)}{environment="${environment}",objective="${name}"} > ${number(factor * (1 - target))}`;
  return {
    name: `${telemetry?.alerts?.ruleGroups.prefix ?? DEFAULT_PREFIX}${name}`,
    interval: BURN_INTERVAL,
    rules: [
      ...windows.map((window) => ({
        record: recordOf(window),
        expr: badRatio(objective, window, prometheus?.scrapeSeconds),
        labels,
      })),
      ...burns.map(({ long, short, factor, severity }) => ({
        alert: 'ErrorBudgetBurn',
        expr: `${over(long, factor)} and ${over(short, factor)}`,
        labels: { ...labels, severity, window: long },
        annotations: {
          summary: `${title}: budget is spent ${number(factor)} times too fast, over ${long} and still over ${short}`,
          ...(unseen !== undefined && { description: `Not counted: ${unseen}` }),
        },
      })),
    ],
  };
}

/** Behind the prefix; no objective may be called so. */
export const CANARY_GROUP = 'canary';

/** The rule that the canary's breach fires (telemetry/alerts/fires). It keeps the labels of the series, of which `run` tells runs apart. */
function canaryGroup({ ruleGroups: { prefix }, canary }: AlertNames): RuleGroup {
  return {
    name: `${prefix}${CANARY_GROUP}`,
    rules: [
      {
        alert: canary.alert,
        expr: `${canary.metric} == 1`,
        for: '0s',
        labels: { severity: 'none' },
        annotations: { summary: 'A breach that Plumbline made up, to see whether it arrives' },
      },
    ],
  };
}

/** A group an objective, and the canary's where the environment declares alerts. */
export function objectiveRules({ objectives, ...around }: Ruled): readonly RuleGroup[] {
  const alerts = around.telemetry?.alerts;
  return [
    ...objectives.map((objective) => groupFor(objective, around)),
    ...(alerts === undefined ? [] : [canaryGroup(alerts)]),
  ];
}

/** A file of rules as Prometheus reads it. */
export function ruleFile(groups: readonly RuleGroup[]): string {
  return yamlOf({ groups });
}

/** A PrometheusRule of the Prometheus Operator (monitoring.coreos.com/v1). */
export function prometheusRule(
  groups: readonly RuleGroup[],
  metadata: { name: string; namespace?: string | undefined; labels?: Readonly<Record<string, string>> },
): string {
  const { name, namespace, labels = {} } = metadata;
  return yamlOf({
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      labels: { 'app.kubernetes.io/managed-by': 'plumbline', ...labels },
    },
    spec: { groups },
  });
}

const yamlOf = (value: unknown): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
