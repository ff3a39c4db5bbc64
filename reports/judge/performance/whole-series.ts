/**
 * Whether the answers of a metrics source are consistent. The same requests are counted by the series of all events and by those of the
 * good or the bad ones, and only while their target was scraped. If these disagree, one of them was changed.
 */
import type { History } from '../../record/history/history.ts';
import { LONGEST_DAYS } from '../../record/objective.ts';
import type { Objective, Series } from '../../record/objective.ts';
import type { Seen } from '../../record/observations/index.ts';
import { firstGap } from '../first-gap.ts';
import { all } from '../observed.ts';
import { emptyBuckets } from '../slo/series/empty-buckets.ts';
import { matchesSelector, queriesOf, selectorOf, targetsIn, targetsQuery } from '../slo/series/selector.ts';
import type { Answers } from '../slo/series/series.ts';
import { targetFinder } from '../slo/series/target-finder.ts';
import type { TargetFinder } from '../slo/series/target-finder.ts';
import { OWN_MS, offsetOf, wallOf } from '../telemetry/clocks.ts';
import { counterGap, pairGap, pairKey } from './counters-agree.ts';
import { fewerBefore, targetsGap } from './enough-targets.ts';
import type { Known } from './enough-targets.ts';

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
/** Of windows longer than a day one sample a minute is kept. */
const THINNED_SECONDS = 60;
/** No run lasts longer. */
const LONGEST_RUN_MS = 31 * DAY_MS;
/** How much longer a period of the calendar is in which clocks are put back. */
const HOUR_MS = 3_600_000;
/** A scrape in flight at the time of the query may be in one answer and not yet in the other. */
const UNDER_WAY_SCRAPES = 2.5;

type Line = Seen<'series'>;

/** Why the queries of an objective were not sent as planned; null: they were. Checked before memory is allocated for their window. */
export function askedGap(history: History, objective: Objective, lines: readonly Line[]): string | null {
  const queries = queriesOf(objective);
  const strange = lines.find(({ query }) => !queries.includes(query));
  if (strange !== undefined)
    return `the objective has an answer to ${strange.query}, which is not one of its queries`;
  const aheadMs = aheadOf(history);
  if (aheadMs === null) return 'the clock of Prometheus was not measured as it can be';
  for (const line of lines) {
    const gap =
      lineGap(history, line, aheadMs) ??
      windowGap(objective, line, lines) ??
      stepGap(history, line, { lines, aheadMs });
    if (gap !== null) return `the record of its series is not whole: ${gap}`;
  }
  return null;
}

/** How far the clock by which the windows were cut is ahead of the harness's, ms; null: its reading cannot be right. Older records have none. */
function aheadOf(history: History): number | null {
  const isMeasured = all(history, 'clock-offset').some(({ source }) => source === 'Prometheus');
  return isMeasured ? (offsetOf(history, 'Prometheus')?.offsetMs ?? null) : 0;
}

/** A query covers only time before it was sent. */
function lineGap(history: History, { t, fromMs, toMs, endMs }: Line, aheadMs: number): string | null {
  if (!(fromMs < toMs && toMs <= endMs))
    return `the queried time from ${fromMs} to ${toMs} is not a part of a window until ${endMs}`;
  return toMs <= wallOf(history, t) + aheadMs + OWN_MS ? null : `a query covers time after it was sent`;
}

function windowGap({ window }: Objective, { endMs }: Line, lines: readonly Line[]): string | null {
  const fromMs = Math.min(...lines.map((one) => one.fromMs));
  const toMs = Math.max(...lines.map((one) => one.toMs));
  const lengthMs = endMs - fromMs;
  if (window.kind === 'run')
    return endMs === toMs && lengthMs <= LONGEST_RUN_MS
      ? null
      : `the window of the run lasts ${days(lengthMs)} of at most ${days(LONGEST_RUN_MS)}, or does not end with the queries`;
  if (window.kind === 'rolling')
    return endMs === toMs && lengthMs <= window.ms
      ? null
      : `the window lasts ${days(lengthMs)} of at most ${days(window.ms)}, or does not end with the queries`;
  const { duration } = window;
  const most = Number.parseInt(duration, 10) * (LONGEST_DAYS[duration.slice(-1)] ?? 0) * DAY_MS + HOUR_MS;
  return lengthMs <= most ? null : `the window lasts ${days(lengthMs)}, more than a period of ${duration}`;
}

const days = (ms: number): string => `${Number((ms / DAY_MS).toPrecision(3))} d`;

/** A query reaches to the start of the check, in steps of the scrape interval, or of a minute for long windows. */
function stepGap(
  history: History,
  line: Line,
  { lines, aheadMs }: { lines: readonly Line[]; aheadMs: number },
): string | null {
  const { stepSeconds, scrapeSeconds } = line;
  const own = lines.filter(({ query }) => query === line.query);
  const fromMs = Math.min(...own.map((one) => one.fromMs));
  const toMs = Math.max(...own.map((one) => one.toMs));
  const { prometheus } = history.header.settings;
  const declared = prometheus?.scrapeSeconds ?? scrapeSeconds;
  const step = toMs - fromMs > DAY_MS ? Math.max(THINNED_SECONDS, declared) : declared;
  if (scrapeSeconds !== declared || (prometheus !== undefined && stepSeconds !== step))
    return `it was queried in steps of ${stepSeconds} s with a scrape interval of ${scrapeSeconds} s, expected are steps of ${step} s and an interval of ${declared} s`;
  const { anchor } = history.header;
  return toMs >= Date.parse(anchor.wall) + aheadMs - OWN_MS
    ? null
    : 'it was queried only for time before the check';
}

interface Answered {
  answers: Answers;
  line: Line;
  /** Targets that have the boundary of a histogram, whatever else its queries select. */
  bounded: ReadonlySet<string>;
}

/** Why the answers of an objective cannot all come from the same requests; null: they can. */
export function answersGap(history: History, objective: Objective, answered: Answered): string | null {
  const { indicator } = objective;
  const { answers, line } = answered;
  const known = knownIn(objective, answered);
  const gap =
    firstGap([...answers], ([query, series]) => seriesGap(query, series, line)) ??
    firstGap(known.ups, upGap) ??
    (targetsQuery(objective) === null ? null : targetsGap(history, objective, known));
  if (gap !== null || indicator.kind !== 'ratio' || !indicator.counter) return gap;
  return countedGap(indicator, known.ups, answered);
}

/** What the answers of an objective do not show, though they agree. */
export function answersNote(history: History, objective: Objective, answered: Answered): string | null {
  return fewerBefore(history, objective, knownIn(objective, answered));
}

function knownIn(objective: Objective, { answers, line }: Answered): Known {
  const { fromMs, toMs, stepSeconds, scrapeSeconds } = line;
  return {
    counted: countedIn(objective, answers),
    ups: targetsIn(objective, answers),
    at: { fromMs, toMs, stepMs: stepSeconds * SECOND_MS, scrapeMs: scrapeSeconds * SECOND_MS },
  };
}

function countedIn({ indicator }: Objective, answers: Answers): readonly Series[] {
  return answers.get(indicator.kind === 'ratio' ? indicator.total : indicator.query) ?? [];
}

function countedGap(
  { total, good, bad }: Extract<Objective['indicator'], { kind: 'ratio' }>,
  ups: readonly Series[],
  { answers, line, bounded }: Answered,
): string | null {
  const query = good ?? bad ?? '';
  const [counted, parts] = [answers.get(total) ?? [], answers.get(query) ?? []];
  const sureMs = line.toMs - UNDER_WAY_SCRAPES * line.scrapeSeconds * SECOND_MS;
  const finder = targetFinder(ups);
  // Where no target is known, counters with the same labels count as one target.
  const keyOf = ups.length === 0 ? pairKey : finder.keyOf;
  return (
    scrapedGap(ups, [...counted, ...parts], finder) ??
    counterGap([...counted, ...parts], keyOf) ??
    pairGap(
      { query: total, series: counted },
      { query, series: parts },
      { keyOf, sureMs, isEmpty: emptyBuckets(parts, bounded) },
    )
  );
}

interface Within {
  fromMs: number;
  endMs: number;
}

/** Series are what the query asks for, each once, with samples in order and within the window. */
function seriesGap(query: string, series: readonly Series[], { fromMs, endMs }: Within): string | null {
  const selector = selectorOf(query);
  const names = series.map(({ labels }) => keyOf(labels));
  if (new Set(names).size !== names.length) return `the answer to ${query} has a series twice`;
  return firstGap(series, ({ labels, points }) => {
    if (points.length === 0) return `the answer to ${query} has a series without a sample`;
    const isNamed = series.length > 1 || !isBare(labels);
    if (selector !== null && isNamed && !matchesSelector(labels, selector))
      return `the answer to ${query} has a series that the query does not select: ${keyOf(labels)}`;
    const odd = points.find(
      ([t], index) => t < fromMs || t > endMs || t <= (points[index - 1]?.[0] ?? -Infinity),
    );
    return odd === undefined
      ? null
      : `the answer to ${query} has a sample at ${odd[0]} that is outside of the window or out of order`;
  });
}

/** A series without labels that is alone cannot be compared with its query: what it is the sum of is not known. */
const isBare = (labels: Series['labels']): boolean => Object.keys(labels).length === 0;

function upGap({ points }: Series): string | null {
  const odd = points.find(([, value]) => value !== 0 && value !== 1 && value !== null);
  return odd === undefined ? null : `a target's up is ${String(odd[1])}, expected 0 or 1`;
}

/**
 * Counters belong to scraped targets, or none does, as with a recording rule, which leaves the address out. The first sample of a counter of no
 * known target is no event, so that nobody would count a first error. A failed scrape brings no sample.
 */
function scrapedGap(
  ups: readonly Series[],
  counters: readonly Series[],
  { upOf, whyNone }: TargetFinder,
): string | null {
  if (ups.length === 0) return null;
  const stray = counters.filter(({ labels }) => upOf(labels) === undefined);
  const worst = stray.find(({ labels }) => 'instance' in labels) ?? stray[0];
  if (worst !== undefined && (stray.length < counters.length || 'instance' in worst.labels))
    return `a series belongs to none of the scraped targets: ${keyOf(worst.labels)}: ${whyNone(worst.labels)}`;
  const failed = new Map(
    ups.map((one) => [one, new Set(one.points.flatMap(([t, value]) => (value === 0 ? [t] : [])))]),
  );
  return firstGap(counters, ({ labels, points }) => {
    const up = upOf(labels);
    const times = up === undefined ? undefined : failed.get(up);
    const odd = points.find(([t, value]) => value !== null && times?.has(t) === true);
    return odd === undefined ? null : `the scrape at ${odd[0]} failed, but a sample of it is recorded`;
  });
}

function keyOf(labels: Series['labels']): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
