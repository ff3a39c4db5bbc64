/** What was recorded of a source of metrics, by objective. */
import type { History } from '../../record/history/history.ts';
import type { Objective, Series } from '../../record/objective.ts';
import type { Seen } from '../../record/observations/index.ts';
import { all } from '../observed.ts';
import { misnamed } from '../slo/series/naming.ts';
import { queriesOf } from '../slo/series/selector.ts';
import { gridOf } from '../slo/series/series.ts';
import type { Grid } from '../slo/series/series.ts';
import type { At, Span } from '../slo/series/span.ts';
import type { There } from '../slo/series/there.ts';
import { answersGap, answersNote, askedGap } from './whole-series.ts';

const SECOND_MS = 1000;

/** The answer to one query, or to a part of it. */
interface Recorded {
  query: string;
  fromMs: number;
  toMs: number;
  /** End of the whole window if it is in the future; otherwise `toMs`. */
  endMs: number;
  stepMs: number;
  scrapeMs: number;
  values: Series[];
  line: Seen<'series'>;
}

/** Every answer of a history, read once, under the name of each objective that it belongs to. */
export function recordedOf(history: History): ReadonlyMap<string, Recorded[]> {
  const found = new Map<string, Recorded[]>();
  for (const one of all(history, 'series')) {
    const recorded = read(one);
    for (const name of one.objectives) {
      const before = found.get(name);
      if (before === undefined) found.set(name, [recorded]);
      else before.push(recorded);
    }
  }
  return found;
}

function read(line: Seen<'series'>): Recorded {
  const { query, fromMs, toMs, endMs, stepSeconds, scrapeSeconds, values } = line;
  return {
    line,
    query,
    fromMs,
    toMs,
    endMs,
    values,
    stepMs: stepSeconds * SECOND_MS,
    scrapeMs: scrapeSeconds * SECOND_MS,
  };
}

/** What Prometheus has of the queries' selectors, by objective. */
export function thereOf(history: History): ReadonlyMap<string, There[]> {
  const found = new Map<string, There[]>();
  for (const one of all(history, 'metric-there'))
    for (const name of one.objectives) found.set(name, [...(found.get(name) ?? []), one]);
  return found;
}

/** What was counted of an objective. */
export interface Counted {
  grid: Grid;
  /** What the record does not show; null: nothing is to be said. */
  unshown: string | null;
}

/** What was counted of an objective, or why it cannot be judged. */
export function countedFrom(
  history: History,
  objective: Objective,
  { recorded, there }: { recorded: readonly Recorded[]; there: readonly There[] },
): Counted | string {
  const [first] = recorded;
  if (first === undefined) return 'no series was recorded';
  const lines = recorded.map(({ line }) => line);
  const odd = askedGap(history, objective, lines);
  if (odd !== null) return odd;
  const byQuery = Map.groupBy(recorded, (one) => one.query);
  const span = spanOf(recorded);
  const why = whyIncomplete(objective, byQuery, span);
  if (why !== null) return why;
  const answers = new Map(
    [...byQuery].map(([query, parts]) => [query, joined(parts.flatMap(({ values }) => values))]),
  );
  const bounded = new Set(there.flatMap(({ boundaryOn = [] }) => boundaryOn));
  const answered = { answers, line: { ...first.line, ...span }, bounded };
  const bent = answersGap(history, objective, answered);
  if (bent !== null) return `the record of its series is not whole: ${bent}`;
  const { window } = objective;
  // The part of the window before the queries is a gap as well.
  const fromMs = window.kind === 'rolling' ? Math.min(span.fromMs, span.toMs - window.ms) : span.fromMs;
  const endMs = Math.max(...recorded.map((one) => one.endMs));
  const { stepMs, scrapeMs } = first;
  const unusable = whyNoGrid({ fromMs, toMs: span.toMs, endMs, stepMs, scrapeMs });
  if (unusable !== null) return unusable;
  const grid = gridOf(objective, answers, { fromMs, toMs: span.toMs, endMs, stepMs, scrapeMs });
  const wrong = misnamed(objective, answers, bounded);
  if (wrong !== null || grid === null) return wrong ?? NOT_ALL;
  return { grid, unshown: answersNote(history, objective, answered) };
}

function whyNoGrid({ fromMs, toMs, endMs, stepMs, scrapeMs }: Required<At>): string | null {
  if (!(toMs > fromMs && endMs >= toMs)) return 'the recorded series have no valid time window';
  return scrapeMs > 0 && stepMs >= scrapeMs
    ? null
    : 'the recorded series have no scrape interval, or a step that is shorter than it';
}

const NOT_ALL = 'the answer to one of its queries was not recorded';

function spanOf(recorded: readonly Recorded[]): Span {
  return {
    fromMs: Math.min(...recorded.map((one) => one.fromMs)),
    toMs: Math.max(...recorded.map((one) => one.toMs)),
  };
}

/** Parts are written as they arrive. What a cut-off query did not return would look like time without events. */
function whyIncomplete(
  objective: Objective,
  byQuery: ReadonlyMap<string, readonly Recorded[]>,
  { fromMs, toMs }: Span,
): string | null {
  for (const query of queriesOf(objective)) {
    const parts = byQuery.get(query);
    if (parts === undefined) return NOT_ALL;
    const own = spanOf(parts);
    if (own.fromMs !== fromMs || own.toMs !== toMs)
      return `the answer to ${query} was recorded only for a part of the window`;
  }
  return null;
}

/** The parts of a long query, joined: each series once. */
function joined(all: readonly Series[]): Series[] {
  const found = new Map<string, Series>();
  for (const { labels, points } of all) {
    const key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
    const before = found.get(key);
    const last = before?.points.at(-1)?.[0] ?? -Infinity;
    if (before === undefined) found.set(key, { labels, points: [...points] });
    else for (const point of points) if (point[0] > last) before.points.push(point);
  }
  return [...found.values()];
}
