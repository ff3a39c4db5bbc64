/** Compares counters of the same requests. */
import type { Series } from '../../record/objective.ts';
import { matchesSelector, selectorOf } from '../slo/series/selector.ts';
import type { Selector } from '../slo/series/selector.ts';

type Labels = Series['labels'];

/** A counter falls only if its process restarted, and then every counter of its target falls. @param keyOf tells targets apart */
export function counterGap(counters: readonly Series[], keyOf: (labels: Labels) => string): string | null {
  if (counters.some(({ points }) => points.some(([, value]) => value !== null && value < 0)))
    return 'a counter is below 0';
  for (const own of Map.groupBy(counters, ({ labels }) => keyOf(labels)).values()) {
    const at = oddFall(own);
    if (at !== null) return `at ${at} a counter fell although its process had not restarted`;
  }
  return null;
}

/**
 * When a counter fell although others of its target did not; of an only counter, when one sample is out of line. null: never. A counter that is
 * rarely raised appears again long after a restart: what others show of that restart lies within the time in which it was not there.
 */
function oddFall(counters: readonly Series[]): number | null {
  const falls = new Map(counters.map((one) => [one, fallsOf(one.points)]));
  const times = [...falls.values()].flatMap((own) => own.map(({ t }) => t)).sort((a, b) => a - b);
  for (const [one, own] of falls) {
    const odd = own.find((fall) => {
      if (countUntil(times, fall.t) - countUntil(times, fall.fromMs) > 1) return false;
      const others = counters.filter((other) => other !== one && wentOn(other.points, fall));
      return others.length > 0 || isSpike(one.points, fall.index);
    });
    if (odd !== undefined) return odd.t;
  }
  return null;
}

/** How many of ascending times are not after `t`. Month-long records have tens of thousands of falls. */
function countUntil(times: readonly number[], t: number): number {
  let lo = 0;
  let hi = times.length;
  while (lo < hi) {
    const middle = (lo + hi) >> 1;
    if ((times[middle] ?? Infinity) <= t) lo = middle + 1;
    else hi = middle;
  }
  return lo;
}

interface Fall {
  index: number;
  fromMs: number;
  t: number;
}

function fallsOf(points: Series['points']): Fall[] {
  return points.flatMap(([t, value], index): Fall[] => {
    const before = points[index - 1];
    const fell = before !== undefined && value !== null && before[1] !== null && value < before[1];
    return fell ? [{ index, fromMs: before[0], t }] : [];
  });
}

/** Within a scrape, a restarted process may count to this. */
const MUCH = 10;

/** Whether a counter that had counted much is there before and after, and did not fall. */
function wentOn(points: Series['points'], { fromMs, t }: Fall): boolean {
  const at = (time: number): number => points.find((point) => point[0] === time)?.[1] ?? Number.NaN;
  return at(fromMs) >= MUCH && at(t) >= at(fromMs);
}

/** One sample is out of line with its neighbours: no process counts within a scrape as much as in all its life. */
function isSpike(points: Series['points'], index: number): boolean {
  const at = (of: number): number => points[of]?.[1] ?? Number.NaN;
  return at(index - 1) <= at(index + 1) || at(index - 2) <= at(index);
}

/** When counters of each target fell: its process restarted. */
function restartsOf(
  counters: readonly Series[],
  keyOf: (labels: Labels) => string,
): ReadonlyMap<string, Set<number>> {
  const found = new Map<string, Set<number>>();
  for (const { labels, points } of counters) {
    const key = keyOf(labels);
    const times = found.get(key) ?? new Set();
    for (const { t } of fallsOf(points)) times.add(t);
    found.set(key, times);
  }
  return found;
}

interface Answered {
  query: string;
  series: readonly Series[];
}

interface Among {
  /** Tells targets apart. */
  keyOf: (labels: Labels) => string;
  /** What was scraped later may be in one answer alone. */
  sureMs: number;
  /** Whether the absent bucket of a count is one that nothing fell into. */
  isEmpty: (counted: Series) => boolean;
}

/**
 * Each series of the good or bad events needs one of all events with the same labels that counts no less. And each series of all events
 * that the query for the part also selects needs one of the part, save an empty bucket. Checked where both are plain selectors of one metric or
 * histogram.
 */
export function pairGap(all: Answered, part: Answered, among: Among): string | null {
  const { keyOf, sureMs, isEmpty } = among;
  const [whole, asked] = [selectorOf(all.query), selectorOf(part.query)];
  if (whole === null || asked === null) return null;
  if (familyOf(whole.metric) !== familyOf(asked.metric)) return moreThanAll(all, part);
  const edges = asked.matchers.filter(({ label }) => label === 'le').length;
  const restarts = restartsOf([...all.series, ...part.series], keyOf);
  const isSame = whole.metric === asked.metric;
  const totals = new Map(all.series.map((one) => [pairKey(one.labels), one]));
  const parts = Map.groupBy(part.series, ({ labels }) => pairKey(labels));
  for (const [key, found] of parts) {
    // The edge of a histogram may be written in more than one way, each a series.
    if (found.length > 1 && edges === 0) return `two series of ${part.query} have the same labels: ${key}`;
    const total = totals.get(key);
    const gap =
      total === undefined
        ? unknownGap(found, sureMs)
        : partGap(total, found, { isSame, restarts: restarts.get(keyOf(total.labels)) });
    if (gap !== null) return `${gap} (labels ${key})`;
  }
  const needed = edges === 0 ? all.series : all.series.filter((one) => !isEmpty(one));
  return missingPart({ ...all, series: needed }, { asked, parts }, sureMs);
}

/**
 * Two counters are not counted, nor written out, in one go, and a scrape may come in between: of two metrics, and of a histogram as well, whose
 * count some libraries raise before its buckets (Micrometer), and others write out after them (Kong).
 */
const IN_BETWEEN = { least: 10, share: 0.01 };
const inBetween = (total: number): number => Math.max(IN_BETWEEN.least, IN_BETWEEN.share * total);

/** Two different metrics: all that is certain is that good and bad events are among all events. */
function moreThanAll(all: Answered, part: Answered): string | null {
  const totals = new Map(all.series.map(({ labels, points }) => [pairKey(labels), new Map(points)]));
  for (const { labels, points } of part.series) {
    const total = totals.get(pairKey(labels));
    const odd = points.find(([t, value]) => {
      const most = total?.get(t) ?? Number.NaN;
      return (value ?? 0) > most + inBetween(most);
    });
    if (odd !== undefined)
      return `a part counts ${odd[1] ?? 0} events at ${odd[0]}, but the total only ${total?.get(odd[0]) ?? 0}`;
  }
  return null;
}

function unknownGap(found: readonly Series[], sureMs: number): string | null {
  return found.some(({ points }) => isSure(points, sureMs)) ? 'the total has no series for a part' : null;
}

interface Pairing {
  isSame: boolean;
  restarts: ReadonlySet<number> | undefined;
}

function partGap(total: Series, found: readonly Series[], pairing: Pairing): string | null {
  for (const { points } of found) {
    const gap = unequal(total.points, points, pairing);
    if (gap !== null) return gap;
  }
  return null;
}

function missingPart(
  all: Answered,
  { asked, parts }: { asked: Selector; parts: ReadonlyMap<string, unknown> },
  sureMs: number,
): string | null {
  const matchers = asked.matchers.filter(({ label }) => label !== 'le');
  const missing = all.series.find(
    ({ labels, points }) =>
      Object.keys(labels).length > 0 &&
      matchesSelector(labels, { metric: null, matchers }) &&
      !parts.has(pairKey(labels)) &&
      isSure(points, sureMs),
  );
  return missing === undefined
    ? null
    : `the total has a series ${pairKey(missing.labels)}, but the query for a part of it has none`;
}

const isSure = (points: Series['points'], sureMs: number): boolean => (points[0]?.[0] ?? Infinity) < sureMs;

/** The name of a histogram without what its parts add to it. */
const familyOf = (metric: string): string => metric.replace(/_(?:bucket|count|sum)$/, '');

/** Tells apart what is counted, whatever part of it. */
export function pairKey(labels: Labels): string {
  const own = Object.entries(labels).filter(([name]) => name !== '__name__' && name !== 'le');
  return JSON.stringify(own.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Time, total and part where both have a value. */
function bothAt(total: Series['points'], part: Series['points']): [number, number, number][] {
  const counted = new Map(part);
  return total.flatMap(([t, value]): [number, number, number][] => {
    const own = counted.get(t) ?? null;
    return value === null || own === null ? [] : [[t, value, own]];
  });
}

/** Where two counters of the same requests differ in a way that no request explains, at the times that both have. */
function unequal(
  total: Series['points'],
  part: Series['points'],
  { isSame, restarts }: Pairing,
): string | null {
  const restartedBy = crossing(restarts ?? new Set());
  let restBefore = 0;
  for (const [t, value, own] of bothAt(total, part)) {
    if (isSame ? own !== value : own > value + inBetween(value))
      return `the part has ${own} and the total ${value} events at ${t}`;
    // All events minus the part is a counter as well: it may not fall without a restart since both were there.
    const rest = value - own;
    const restarted = restartedBy(t);
    if (rest < restBefore - inBetween(value) && !restarted)
      return `the total minus the part falls from ${restBefore} to ${rest} at ${t} without a restart`;
    restBefore = restarted ? rest : Math.max(restBefore, rest);
  }
  return null;
}

/** Whether any of some times lies between the last time that was asked for and this one, which is later. */
function crossing(times: ReadonlySet<number>): (t: number) => boolean {
  const ahead = [...times].sort((a, b) => a - b);
  let next = 0;
  return (t) => {
    const before = next;
    while ((ahead[next] ?? Infinity) <= t) next += 1;
    return next > before;
  };
}
