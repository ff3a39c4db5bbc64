/**
 * Instant queries for the error budget of an objective. Prometheus does the sums; each answer is one number without labels. The runner asks
 * them and the judge finds the answers by their text, so that an answer to anything else counts for nothing.
 */
import type { Objective } from '../../record/telemetry/objective.ts';
import { isGood } from '../slo/account.ts';
import { burnPairs } from '../slo/burn-rate.ts';
import { demands, selectorOf, selectorsIn, targetsQuery } from '../slo/series/selector.ts';
import type { DeclaredWorkload } from '../topology/declared.ts';
import { podNames } from '../workload-pods.ts';

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
/** Longer windows are looked at once a minute: a month of 15 s scrapes would be 170,000 looks. */
const THINNED_MS = 60_000;
/** Of two and a half scrapes in a row none came: that is a gap. One late scrape is none, since counters go on. */
const GAP_SCRAPES = 2.5;
/** A series, or a target, that was there this long before a window was not born in it. Prometheus marks a series as stale after one failed scrape. */
const BEFORE = '15m';
/** A pod beyond the least number may take so long from when it is known to its first answer, and to end: it serves nobody meanwhile. */
const EXCUSED = '5m';
/** A rate needs two samples: of four scrapes one may be missed and another be late. */
const LEAST_SCRAPES = 4;

/** How an objective is asked for. */
export interface Asking {
  scrapeMs: number;
  /** Pods that its service has at least; 1 where no workload of that name is declared. */
  pods: number;
  workload: DeclaredWorkload | undefined;
}

export interface WindowQueries {
  /** Events that were counted, or slices of time. */
  total: string;
  /** Good or bad ones among them, whichever the objective states; bad slices. */
  part: string;
  /** First values of series that appeared within the window, which an increase leaves out; null: nothing is counted by series. */
  totalFirst: string | null;
  partFirst: string | null;
  /** Slices with events; null: events are counted. */
  busy: string | null;
  /** Slices that were observed from begin to end; null: events are counted. */
  whole: string | null;
  /** Share of targets and time that was observed. */
  coverage: string;
  /** Targets that were known before the window. */
  before: string;
}

/** Queries that show whether the others find what they ask for. */
export interface GuardQueries {
  /** Series of all events. */
  total: string;
  /** Series of the good or bad ones; null: they are not asked for by a query of their own. */
  part: string | null;
  /** Where bad events are counted: series that have the labels by which they are selected. */
  labelled: string | null;
  /** Where good events are those below a boundary: series of all events without that boundary. */
  unbounded: string | null;
}

/** As a header or an environment has them. */
interface Settings {
  workloads?: readonly DeclaredWorkload[] | undefined;
  topology?: { workloads?: readonly DeclaredWorkload[] | undefined } | undefined;
}

export function askingOf(objective: Objective, settings: Settings, scrapeMs: number): Asking {
  const workloads = settings.workloads ?? settings.topology?.workloads ?? [];
  const workload =
    objective.countedElsewhere === true
      ? undefined
      : workloads.find(({ name }) => name === objective.service);
  return { scrapeMs, workload, pods: Math.max(1, workload?.replicas.min ?? 1) };
}

const range = (ms: number): string =>
  ms % SECOND_MS === 0 ? `${ms / SECOND_MS}s` : `${Math.max(1, Math.round(ms))}ms`;
const stepOf = (windowMs: number, scrapeMs: number): number =>
  windowMs > DAY_MS ? Math.max(THINNED_MS, scrapeMs) : scrapeMs;

/** Step of looks at something that is there or not. A window of a few scrapes has too few steps of one scrape each. */
const looksOf = (windowMs: number, scrapeMs: number): string =>
  range(Math.min(stepOf(windowMs, scrapeMs), windowMs / 10));

/** @param windowMs the window, which ends when it is asked for */
export function windowQueries(objective: Objective, windowMs: number, asking: Asking): WindowQueries {
  const window = range(windowMs);
  const step = range(stepOf(windowMs, asking.scrapeMs));
  const seen = seenExpression(objective, asking);
  const around = {
    coverage: `avg_over_time((${seen})[${window}:${looksOf(windowMs, asking.scrapeMs)}])`,
    before: `count(last_over_time(${targetsOf(objective, asking)}[${BEFORE}] offset ${window}))`,
  };
  const { indicator, slice } = objective;
  if (objective.method === 'Timeslices' && slice !== null) {
    const { total, part } = inSlice(indicator, Math.max(slice.ms, LEAST_SCRAPES * asking.scrapeMs), asking);
    const share = Number((1 - slice.target).toPrecision(10));
    const bad = isGood(indicator) ? `(${total}) - (${part})` : part;
    const slices = (expression: string): string =>
      `sum_over_time((${expression})[${window}:${range(slice.ms)}])`;
    const least = `min_over_time((${seen})[${range(slice.ms)}:${range(asking.scrapeMs)}])`;
    return {
      ...around,
      // A share of exactly what is allowed must not be bad by the rounding of a sum.
      part: slices(`${bad} > bool ${share} * (${total}) + 1e-6`),
      total: slices('vector(1)'),
      busy: slices(`${total} > bool 0`),
      whole: slices(`${least} >= bool 0.999`),
      totalFirst: null,
      partFirst: null,
    };
  }
  const none = { busy: null, whole: null, totalFirst: null, partFirst: null };
  if (indicator.kind === 'ratio' && indicator.counter) {
    const [total, part] = [indicator.total, partOf(indicator)];
    return {
      ...around,
      ...none,
      total: `sum(increase(${total}[${window}]))`,
      totalFirst: firstValues(total, window),
      part: `sum(increase(${part}[${window}]))`,
      partFirst: firstValues(part, window),
    };
  }
  return { ...around, ...none, ...pointsIn(indicator, window, step) };
}

type Indicator = Objective['indicator'];
type Ratio = Extract<Indicator, { kind: 'ratio' }>;

const partOf = ({ good, bad, total }: Ratio): string => good ?? bad ?? total;

/** Of series that were born in the window all that they counted, as far as their increase does not have it. */
function firstValues(query: string, window: string): string {
  const most = `max_over_time(${query}[${window}])`;
  const increase = `(increase(${query}[${window}]) or 0 * ${most})`;
  return `sum(clamp_min(${most} - ${increase}, 0) unless last_over_time(${query}[${BEFORE}] offset ${window}))`;
}

/** Events of one slice; 0 where there were none. */
function inSlice(
  indicator: Indicator,
  ms: number,
  { scrapeMs }: Asking,
): Pick<WindowQueries, 'total' | 'part'> {
  const [slice, step] = [range(ms), range(scrapeMs)];
  const orZero = (expression: string): string => `(${expression} or vector(0))`;
  if (indicator.kind === 'ratio' && indicator.counter) {
    const counted = (query: string): string =>
      `(${orZero(`sum(increase(${query}[${slice}]))`)} + ${orZero(firstValues(query, slice))})`;
    return { total: counted(indicator.total), part: counted(partOf(indicator)) };
  }
  const { total, part } = pointsIn(indicator, slice, step);
  return { total: orZero(total), part: orZero(part) };
}

/** How a value compares that misses the goal. */
const MISSES = { lte: '>', lt: '>=', gte: '<', gt: '<=' } as const;

/** Of what Prometheus computes for each point of time: numbers of events, or points that hold or miss a goal. A point that is no number had no traffic. */
function pointsIn(indicator: Indicator, window: string, step: string): Pick<WindowQueries, 'total' | 'part'> {
  const over = (expression: string): string => `sum(sum_over_time((${expression})[${window}:${step}]))`;
  if (indicator.kind === 'ratio') return { total: over(indicator.total), part: over(partOf(indicator)) };
  const { query, op, value } = indicator;
  return {
    total: `sum(count_over_time(((${query}) >= -Inf)[${window}:${step}]))`,
    part: over(`(${query}) ${MISSES[op]} bool ${value}`),
  };
}

const mainQuery = ({ indicator }: Objective): string =>
  indicator.kind === 'ratio' ? indicator.total : indicator.query;

/** Share of its targets that could be read lately, of those that are known or of its least number of pods if that is more; or whether what it counts is there. */
function seenExpression(objective: Objective, asking: Asking): string {
  const { indicator } = objective;
  const recent = range(GAP_SCRAPES * asking.scrapeMs);
  const targets = targetsOf(objective, asking);
  const present = (of: string): string => `((count(${of}) > bool 0) or vector(0))`;
  const isCounter = indicator.kind === 'ratio' && indicator.counter;
  const computed = isCounter ? null : present(`(${mainQuery(objective)})`);
  if (targetsQuery(objective) === null) return computed ?? present(`last_over_time(${targets}[${recent}])`);
  const up = `count(max_over_time(${targets}[${recent}]) > 0)`;
  const down = `count(max_over_time(${targets}[${EXCUSED}]) == 0 and last_over_time(${targets}[${recent}] offset ${EXCUSED}))`;
  const answered = `(${up} / clamp_min(${up} + (${down} or vector(0)), ${asking.pods}) or vector(0))`;
  return computed === null ? answered : `${answered} * ${computed}`;
}

/** The selector of its targets, of which only the pods of its workload count where series say of which pod they are; else that of what is counted. */
export function targetsOf(objective: Objective, { workload }: Asking): string {
  const up = targetsQuery(objective);
  if (up === null) return selectorsIn(mainQuery(objective))[0]?.text ?? mainQuery(objective);
  if (workload === undefined || /\bpod=/.test(up)) return up;
  return up.replace(/\}$/, `,pod=~${JSON.stringify(`|${podNames(workload)}`)}}`);
}

/** @param windowMs within which series count, up to the moment of the question */
export function guardQueries(objective: Objective, windowMs: number, scrapeMs: number): GuardQueries {
  const { indicator } = objective;
  const window = range(windowMs);
  const points = `[${window}:${looksOf(windowMs, scrapeMs)}]`;
  const isPlain = (query: string): boolean => selectorOf(query) !== null;
  const over = (query: string): string =>
    `count_over_time(${isPlain(query) ? `${query}[${window}]` : `(${query})${points}`})`;
  const count = (query: string): string => `count(${over(query)})`;
  if (indicator.kind === 'threshold')
    return { total: count(indicator.query), part: null, labelled: null, unbounded: null };
  const { good, bad, total } = indicator;
  const edged = good !== null && selectorOf(good)?.matchers.some(({ label }) => label === 'le');
  return {
    total: count(total),
    part: count(partOf(indicator)),
    labelled:
      bad === null
        ? null
        : selectorsIn(bad)
            .map((one) => `count(${over(labelledLike(one))})`)
            .join(' * '),
    unbounded: edged === true ? `count(${over(total)} unless ignoring(le) ${over(good)})` : null,
  };
}

const OF_TARGETS = new Set(['job', 'namespace', 'cluster']);
const NUMBERS = /^[\d.|]+$/;

/**
 * The selector with any value of its labels in place of those that it asks for. Numbers must at least be numbers of as many digits: `2xx` is
 * another shape of status, of which `503` finds nothing whatever happened.
 */
function labelledLike({ metric, matchers }: ReturnType<typeof selectorsIn>[number]): string {
  const like = matchers.map((one) => {
    const { label, op, value } = one;
    if (OF_TARGETS.has(label) || !demands(one)) return `${label}${op}${value}`;
    const text = value.slice(1, -1);
    return `${label}=~"${NUMBERS.test(text) ? text.replaceAll(/\d/g, '[0-9]') : '.+'}"`;
  });
  return `${metric}{${like.join(',')}}`;
}

/** Every question of an objective, each text once. @param windowMs its window up to now */
export function questionsOf(objective: Objective, windowMs: number, asking: Asking): string[] {
  const pairs = burnPairs(objective, windowMs, asking.scrapeMs).filter(({ reason }) => reason === '');
  const windows = [windowMs, ...pairs.flatMap(({ longMs, shortMs }) => [longMs, shortMs])];
  const asked: WindowQueries[keyof WindowQueries][] = [
    ...textsOf(guardQueries(objective, windowMs, asking.scrapeMs)),
    ...windows.flatMap((ms) => textsOf(windowQueries(objective, ms, asking))),
  ];
  return [...new Set(asked)].filter((query) => query !== null);
}

const textsOf = (queries: WindowQueries | GuardQueries): (string | null)[] =>
  Object.values<string | null>({ ...queries });
