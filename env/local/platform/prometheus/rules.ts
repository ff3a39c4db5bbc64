/**
 * Alerting rules from service level objectives: burn rates over two windows each, as the Google SRE Workbook has them (chapter 5, "Multiwindow,
 * Multi-Burn-Rate Alerts", table 5-8): the long window says that budget is being spent, the short one that it still is. Pure.
 */
import { stringify } from 'yaml';
import type { Objective } from '../../../../reports/record/objective.ts';
import { CANARY_JOB } from './services.ts';

interface Burn {
  readonly long: Window;
  readonly short: Window;
  /** How many times faster than the budget allows. */
  readonly factor: number;
  readonly severity: 'page' | 'ticket';
}

type Window = '5m' | '30m' | '1h' | '6h' | '3d';

/** 2 % of a month's budget in an hour, 5 % in six hours, 10 % in three days. */
const BURNS: readonly Burn[] = [
  { long: '1h', short: '5m', factor: 14.4, severity: 'page' },
  { long: '6h', short: '30m', factor: 6, severity: 'page' },
  { long: '3d', short: '6h', factor: 1, severity: 'ticket' },
];

/** How often burn rates are computed; the shortest window is ten times as long. */
const BURN_INTERVAL = '30s';
/** Step at which a threshold is looked at where the objective names none. */
const DEFAULT_SLICE_MS = 60_000;

/** Name of the group of an objective's rules. */
export function groupOf(objective: string): string {
  return `plumbline-${objective}`;
}

/** The group with the rule that the canary's breach fires, and its alert. */
export const CANARY_GROUP = 'plumbline-canary';
const CANARY_ALERT = 'PlumblineCanaryBreach';

/** A number in PromQL without the digits that floating point adds. */
const number = (value: number): string => String(Number(value.toPrecision(10)));

const seconds = (ms: number): string => `${String(Math.round(ms / 1000))}s`;

/** Share of bad events over a window, as PromQL; of a ratio. */
function badShare(indicator: Extract<Objective['indicator'], { kind: 'ratio' }>, window: string): string {
  const { counter, good, bad, total } = indicator;
  const events = (query: string): string =>
    counter ? `sum(rate(${query}[${window}]))` : `sum(sum_over_time((${query})[${window}:]))`;
  if (good !== null) return `1 - ${events(good)} / ${events(total)}`;
  // Without a single bad event there is no series of them.
  return `(${events(bad ?? total)} or vector(0)) / ${events(total)}`;
}

const INVERSE = { lte: '>', lt: '>=', gte: '<', gt: '<=' } as const;

/** Whether one slice of time is bad, as PromQL: 1 or 0. */
function badSlice({ indicator, slice }: Objective): string {
  if (indicator.kind === 'threshold')
    return `(${indicator.query}) ${INVERSE[indicator.op]} bool ${number(indicator.value)}`;
  const { target, ms } = slice ?? { target: 1, ms: DEFAULT_SLICE_MS };
  return `(${badShare(indicator, seconds(ms))}) > bool ${number(1 - target)}`;
}

/** Share of the budget's unit (events, or slices of time) that was bad over a window. */
export function badRatio(objective: Objective, window: string): string {
  const { indicator, method, slice } = objective;
  if (indicator.kind === 'ratio' && method === 'Occurrences') return badShare(indicator, window);
  return `avg_over_time((${badSlice(objective)})[${window}:${seconds(slice?.ms ?? DEFAULT_SLICE_MS)}])`;
}

const recordOf = (window: Window): string => `plumbline:bad_ratio:${window}`;

function groupFor(objective: Objective): unknown {
  const { name, title, service, target } = objective;
  const labels = { objective: name, service };
  // A rate that would spend more than there is in every unit can never be reached.
  const burns = BURNS.filter(({ factor }) => factor * (1 - target) < 1);
  const windows = [...new Set(burns.flatMap(({ long, short }) => [short, long]))];
  const over = (window: Window, factor: number): string =>
    `${recordOf(window)}{objective="${name}"} > ${number(factor * (1 - target))}`;
  return {
    name: groupOf(name),
    interval: BURN_INTERVAL,
    rules: [
      ...windows.map((window) => ({ record: recordOf(window), expr: badRatio(objective, window), labels })),
      ...burns.map(({ long, short, factor, severity }) => ({
        alert: 'ErrorBudgetBurn',
        expr: `${over(long, factor)} and ${over(short, factor)}`,
        labels: { ...labels, severity, window: long },
        annotations: {
          summary: `${title}: budget is spent ${number(factor)} times too fast, over ${long} and still over ${short}`,
        },
      })),
    ],
  };
}

/** A file of rules: a group an objective, and the canary's. */
export function burnRateRules(objectives: readonly Objective[]): string {
  const canary = {
    name: CANARY_GROUP,
    rules: [
      {
        alert: CANARY_ALERT,
        expr: `plumbline_canary_breach{job="${CANARY_JOB}"} == 1`,
        for: '0s',
        labels: { severity: 'none' },
        annotations: { summary: 'A breach that Plumbline made up, to see whether it arrives' },
      },
    ],
  };
  return stringify(
    { groups: [...objectives.map(groupFor), canary] },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}
