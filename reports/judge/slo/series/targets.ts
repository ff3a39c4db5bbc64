/** Which targets were scraped, and when each could not be read. */
import type { Series } from '../../../record/objective.ts';
import { absentLimitMs, gapLimitMs, lastBefore, moments, paced, timesOf, uncovered } from './span.ts';
import type { At, Span } from './span.ts';
import { labelNames, targetFinder } from './target-finder.ts';

/** A scrape target: usually a pod. */
export interface Target {
  /** Scrapes that succeeded, ascending. */
  seen: readonly number[];
  /** From when until when the source knew of the target. */
  alive: Span;
  /** Parts of `alive` in which the target was not scraped. */
  gaps: readonly Span[];
  /** It appeared within the window, so its counters started from 0 in it. */
  isNew: boolean;
  /** The same address under other labels, until just before: the process may be the same, and then its counters go on. */
  continues?: Target;
}

export interface Targets {
  all: readonly Target[];
  /** The target that a series was scraped from; undefined where the labels do not identify one. */
  of(labels: Series['labels']): Target | undefined;
  /** What distinguishes a series from the others of its target. */
  ownOf(labels: Series['labels']): string;
}

/** Labels that distinguish the series of one target; all others identify the target. */
const OF_SERIES = new Set([
  '__name__',
  'method',
  'route',
  'path',
  'handler',
  'status',
  'status_code',
  'code',
  'le',
  'quantile',
]);

/**
 * @param counted the series that count all events, and those that count a part; a target in both is read from the first
 * @param up the answer to `up{job="…"}`, which a source writes with every scrape: 1 if it succeeded, 0 if not. Empty: not recorded. Targets
 *   are then known by their samples alone, and one that is down looks like one that is gone.
 */
export function targetsOf(
  up: readonly Series[],
  counted: readonly [readonly Series[], readonly Series[]],
  at: At,
): Targets {
  return up.length > 0 ? byAttempts(up, at) : bySamples(counted, at);
}

function byAttempts(up: readonly Series[], at: At): Targets {
  const names = new Set(labelNames(up));
  const { upOf } = targetFinder(up);
  const first = Math.min(...up.map(({ points }) => points[0]?.[0] ?? Infinity));
  const found = new Map<Series, Found>();
  for (const one of up) {
    const { labels, points } = one;
    const [begin] = points;
    const end = points.at(-1);
    if (begin === undefined || end === undefined) continue;
    const seen = points.flatMap(([t, value]) => (value !== null && value > 0 ? [t] : []));
    const isNew = begin[0] - first > absentLimitMs(at);
    // A new target begins with its first success: what it served before is in its counters. An old one may have been down from the start.
    const fromMs = isNew ? (seen[0] ?? begin[0]) : begin[0];
    const alive = { fromMs, toMs: end[0] };
    found.set(one, { labels, target: { seen, alive, gaps: gapsIn(seen, alive, at), isNew } });
  }
  const foundOf = (labels: Series['labels']): Found | undefined => {
    const of = upOf(labels);
    return of === undefined ? undefined : found.get(of);
  };
  return linked([...found.values()], {
    at,
    of: (labels) => foundOf(labels)?.target,
    ownOf: (labels) => {
      const of = foundOf(labels)?.labels;
      return textOf(labels, (name) => (of === undefined ? !names.has(name) : labels[name] !== of[name]));
    },
  });
}

interface Found {
  labels: Series['labels'];
  target: Target;
}

type Keyed = Pick<Targets, 'of' | 'ownOf'> & { at: At };

/**
 * A target whose labels were changed where it is scraped is another series of the same process, which did not begin with it: its counters
 * would otherwise count all of its life again.
 */
function linked(all: readonly Found[], { at, of, ownOf }: Keyed): Targets {
  for (const { labels, target } of all) {
    if (!target.isNew || labels[INSTANCE] === undefined) continue;
    const before = all.find(
      (one) => one.labels[INSTANCE] === labels[INSTANCE] && isJustBefore(one.target, target, at),
    );
    if (before !== undefined) Object.assign(target, { isNew: false, continues: before.target });
  }
  return { all: all.map(({ target }) => target), of, ownOf };
}

/** The address that Prometheus scrapes. */
const INSTANCE = 'instance';

const isJustBefore = (one: Target, other: Target, at: At): boolean =>
  one.alive.toMs < other.alive.fromMs && other.alive.fromMs - one.alive.toMs <= gapLimitMs(at);

function textOf(labels: Series['labels'], takes: (name: string) => boolean): string {
  const taken = Object.entries(labels).filter(([name]) => takes(name));
  return JSON.stringify(taken.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function bySamples([all, part]: readonly [readonly Series[], readonly Series[]], at: At): Targets {
  const keyOf = (labels: Series['labels']): string => textOf(labels, (name) => !OF_SERIES.has(name));
  const grouped = new Map([
    ...Map.groupBy(part, ({ labels }) => keyOf(labels)),
    ...Map.groupBy(all, ({ labels }) => keyOf(labels)),
  ]);
  const times = [...grouped].map(([key, series]) => ({
    key,
    labels: series[0]?.labels ?? {},
    seen: timesOf(series, false),
  }));
  const first = Math.min(...times.map(({ seen }) => seen[0] ?? Infinity));
  // Their own interval may be longer than the declared one; nothing else says so.
  const limitMs = absentLimitMs(
    paced(
      at,
      times.map(({ seen }) => seen),
    ),
  );
  const found = new Map<string, Found>();
  for (const { key, labels, seen } of times) {
    const [fromMs] = seen;
    const toMs = seen.at(-1);
    if (fromMs === undefined || toMs === undefined) continue;
    const alive = { fromMs, toMs };
    const isNew = fromMs - first > limitMs;
    found.set(key, { labels, target: { seen, alive, gaps: gapsIn(seen, alive, at), isNew } });
  }
  return linked([...found.values()], {
    at,
    of: (labels) => found.get(keyOf(labels))?.target,
    ownOf: (labels) => textOf(labels, (name) => OF_SERIES.has(name)),
  });
}

function gapsIn(seen: readonly number[], alive: Span, at: At): Span[] {
  return uncovered(moments(seen), { ...at, ...alive });
}

/** Whether a target was not scraped for part of a stretch; stretches up to the gap limit do not count. */
export function wasInGap(target: Target | undefined, span: Span, at: At): boolean {
  if (span.toMs - span.fromMs <= gapLimitMs(at)) return false;
  return target === undefined || target.gaps.some((one) => one.fromMs < span.toMs && one.toMs > span.fromMs);
}

/** When a target was last scraped before an instant; undefined when it was not. */
export function readBefore(target: Target | undefined, t: number): number | undefined {
  return target === undefined ? undefined : lastBefore(target.seen, t);
}
