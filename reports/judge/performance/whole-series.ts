/**
 * Whether the answers of a metrics source are consistent. The same requests are counted by the series of all events and by those of the
 * good or the bad ones, and only while their target was scraped. If these disagree, one of them was changed.
 */
import type { History } from '../../record/history/history.ts';
import type { Objective, Series } from '../../record/objective.ts';
import type { Seen } from '../../record/observations/index.ts';
import { matchesSelector, queriesOf, selectorOf, targetsQuery } from '../slo/series/selector.ts';
import type { Answers } from '../slo/series/series.ts';
import { OWN_MS, wallOf } from '../telemetry/clocks.ts';
import { counterGap, pairGap, targetKey, targetNames } from './counters-agree.ts';

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
/** Of windows longer than a day one sample a minute is kept. */
const THINNED_SECONDS = 60;
/** No run lasts longer. */
const LONGEST_RUN_MS = 31 * DAY_MS;
/** Longest periods of the calendar, in days, by their unit; an hour more where clocks are put back. */
const LONGEST_DAYS: Readonly<Record<string, number>> = { d: 1, w: 7, M: 31, Q: 92, Y: 366 };
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
  for (const line of lines) {
    const gap = lineGap(history, line) ?? windowGap(objective, line, lines) ?? stepGap(history, line, lines);
    if (gap !== null) return `the record of its series is not whole: ${gap}`;
  }
  return null;
}

/** A query covers only time before it was sent. */
function lineGap(history: History, { t, fromMs, toMs, endMs }: Line): string | null {
  if (!(fromMs < toMs && toMs <= endMs))
    return `the queried time from ${fromMs} to ${toMs} is not a part of a window until ${endMs}`;
  return toMs <= wallOf(history, t) + OWN_MS ? null : `a query covers time after it was sent`;
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
function stepGap(history: History, line: Line, lines: readonly Line[]): string | null {
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
  return toMs >= Date.parse(anchor.wall) - OWN_MS ? null : 'it was queried only for time before the check';
}

/** Why the answers of an objective cannot all come from the same requests; null: they can. */
export function answersGap(
  history: History,
  objective: Objective,
  { answers, line }: { answers: Answers; line: Line },
): string | null {
  const { indicator } = objective;
  const targets = targetsQuery(objective);
  const ups = targets === null ? [] : (answers.get(targets) ?? []);
  const counted = countedIn(objective, answers);
  const gap =
    first([...answers], ([query, series]) => seriesGap(query, series, line)) ??
    first(ups, upGap) ??
    (targets === null ? null : targetsGap(history, objective, { counted, ups }));
  if (gap !== null || indicator.kind !== 'ratio' || !indicator.counter) return gap;
  return countedGap(indicator, { answers, ups, line });
}

function countedIn({ indicator }: Objective, answers: Answers): readonly Series[] {
  return answers.get(indicator.kind === 'ratio' ? indicator.total : indicator.query) ?? [];
}

/** Scraped series have an `instance` label; then there is a target for each pod that the service has at least. */
function targetsGap(
  { header: { settings } }: History,
  { service }: Objective,
  { counted, ups }: { counted: readonly Series[]; ups: readonly Series[] },
): string | null {
  if (!counted.some(({ labels }) => 'instance' in labels)) return null;
  const workloads = settings.workloads ?? settings.topology?.workloads ?? [];
  const least = workloads.find(({ name }) => name === service)?.replicas.min ?? 1;
  return ups.length >= least
    ? null
    : `${ups.length} targets of ${service} were known to the source, the service has at least ${least} pods`;
}

function countedGap(
  { total, good, bad }: Extract<Objective['indicator'], { kind: 'ratio' }>,
  { answers, ups, line }: { answers: Answers; ups: readonly Series[]; line: Line },
): string | null {
  const query = good ?? bad ?? '';
  const [counted, parts] = [answers.get(total) ?? [], answers.get(query) ?? []];
  const sureMs = line.toMs - UNDER_WAY_SCRAPES * line.scrapeSeconds * SECOND_MS;
  const names = targetNames(ups);
  return (
    scrapedGap(ups, [...counted, ...parts], names) ??
    counterGap([...counted, ...parts], names) ??
    pairGap({ query: total, series: counted }, { query, series: parts }, { names, sureMs })
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
  return first(series, ({ labels, points }) => {
    if (points.length === 0) return `the answer to ${query} has a series without a sample`;
    if (selector !== null && !isBare(labels) && !matchesSelector(labels, selector))
      return `the answer to ${query} has a series that the query does not select: ${keyOf(labels)}`;
    const odd = points.find(
      ([t], index) => t < fromMs || t > endMs || t <= (points[index - 1]?.[0] ?? -Infinity),
    );
    return odd === undefined
      ? null
      : `the answer to ${query} has a sample at ${odd[0]} that is outside of the window or out of order`;
  });
}

/** A series without labels cannot be compared with its query. */
const isBare = (labels: Series['labels']): boolean => Object.keys(labels).length === 0;

function upGap({ points }: Series): string | null {
  const odd = points.find(([, value]) => value !== 0 && value !== 1 && value !== null);
  return odd === undefined ? null : `a target's up is ${String(odd[1])}, expected 0 or 1`;
}

/** Counters belong to scraped targets, or none does, as with a recording rule. A failed scrape brings no sample. */
function scrapedGap(
  ups: readonly Series[],
  counters: readonly Series[],
  names: readonly string[],
): string | null {
  if (ups.length === 0) return null;
  const failed = new Map(
    ups.map(({ labels, points }) => [
      targetKey(labels, names),
      new Set(points.flatMap(([t, value]) => (value === 0 ? [t] : []))),
    ]),
  );
  const stray = counters.filter(({ labels }) => !failed.has(targetKey(labels, names)));
  if (stray.length > 0 && stray.length < counters.length)
    return `a series belongs to none of the scraped targets: ${keyOf(stray[0]?.labels ?? {})}`;
  return first(counters, ({ labels, points }) => {
    const times = failed.get(targetKey(labels, names));
    const odd = points.find(([t, value]) => value !== null && times?.has(t) === true);
    return odd === undefined ? null : `the scrape at ${odd[0]} failed, but a sample of it is recorded`;
  });
}

function keyOf(labels: Series['labels']): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function first<T>(items: readonly T[], of: (item: T) => string | null): string | null {
  for (const item of items) {
    const found = of(item);
    if (found !== null) return found;
  }
  return null;
}
