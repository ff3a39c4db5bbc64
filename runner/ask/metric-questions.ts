/** Queries to Prometheus for the objectives of an environment. */
import type { Bounds } from '../../env/objectives/index.ts';
import { queriesOf, targetsQuery } from '../../reports/judge/slo/series/selector.ts';
import { LONGEST_DAYS } from '../../reports/record/objective.ts';
import type { Objective } from '../../reports/record/objective.ts';

const DAY_MS = 86_400_000;
/** Windows longer than a day keep one sample a minute, and every edge: a month of 15 s scrapes is 170,000 samples a series. */
const THINNED_MS = 60_000;
/** Window of one request: for a hundred series scraped every 15 s, some 150,000 samples, a few MiB. */
export const PART_MS = 21_600_000;
/** Windows of requests are halved down to this where an answer is too large: a server that cannot give some minutes gives nothing that can be judged. */
const LEAST_PART_MS = 300_000;

/** One query over one window, whatever number of objectives it is of. */
export interface MetricQuestion extends Bounds {
  objectives: string[];
  query: string;
  /** Distance between samples kept. */
  stepMs: number;
  /** counter: samples that only grow; gauge: samples that go up and down; points: computed for each step. */
  kind: 'counter' | 'gauge' | 'points';
}

/** Each distinct question once. @param bounds the window of each objective, in their order */
export function questionsOf(
  objectives: readonly Objective[],
  bounds: readonly Bounds[],
  scrapeMs: number,
): MetricQuestion[] {
  return eachOnce(objectives, bounds, (objective, { fromMs, toMs }) =>
    queriesOf(objective).map((query) => ({
      query,
      stepMs: toMs - fromMs > DAY_MS ? Math.max(THINNED_MS, scrapeMs) : scrapeMs,
      kind: kindOf(objective, query),
    })),
  );
}

/** Each distinct question of objectives once a window, with the objectives that it is of. @param bounds the window of each, in their order */
export function eachOnce<Q extends object>(
  objectives: readonly Objective[],
  bounds: readonly Bounds[],
  of: (objective: Objective, window: Bounds) => Q[],
): (Q & Bounds & { objectives: string[] })[] {
  const found = new Map<string, Q & Bounds & { objectives: string[] }>();
  objectives.forEach((objective, index) => {
    const window = bounds[index];
    if (window === undefined) return;
    for (const question of of(objective, window)) {
      const key = JSON.stringify([question, window.fromMs, window.toMs]);
      const before = found.get(key);
      if (before === undefined) found.set(key, { ...window, objectives: [objective.name], ...question });
      else before.objectives.push(objective.name);
    }
  });
  return [...found.values()];
}

function kindOf(objective: Objective, query: string): MetricQuestion['kind'] {
  if (query === targetsQuery(objective)) return 'gauge';
  const { indicator } = objective;
  return indicator.kind === 'ratio' && indicator.counter ? 'counter' : 'points';
}

type Asked = Omit<MetricQuestion, 'objectives' | 'query' | 'endMs'>;

interface Part {
  fromMs: number;
  toMs: number;
  /** Where the next part begins; at the end of the window: there is none. */
  nextMs: number;
}

/**
 * The part of a window that begins at `startMs`. For points it ends one step before the next begins: none is queried twice.
 * @param lengthMs how long it is at most; at least a step
 */
export function partAt({ toMs, stepMs, kind }: Asked, startMs: number, lengthMs: number): Part {
  const nextMs = startMs + Math.max(stepMs, Math.floor(lengthMs / stepMs) * stepMs);
  if (nextMs >= toMs) return { fromMs: startMs, toMs, nextMs: toMs };
  return { fromMs: startMs, toMs: nextMs - (kind === 'points' ? stepMs : 0), nextMs };
}

/** Half a length of parts; null: that would be too short. */
export function halfOf(lengthMs: number): number | null {
  return lengthMs / 2 < LEAST_PART_MS ? null : lengthMs / 2;
}

/** How many parts a window has where no answer is too large. */
function partsIn(question: Asked): number {
  let parts = 0;
  for (let at = question.fromMs; at < question.toMs; at = partAt(question, at, PART_MS).nextMs) parts += 1;
  return parts;
}

/** How many answers the objectives take at most. @param runMs how long a run lasts, for windows that are the run */
export function answersFor(objectives: readonly Objective[], runMs: number, scrapeMs: number): number {
  const bounds = objectives.map(({ window }): Bounds => {
    const toMs = lengthOf(window, runMs);
    return { fromMs: 0, toMs, endMs: toMs };
  });
  return questionsOf(objectives, bounds, scrapeMs).reduce((sum, one) => sum + partsIn(one), 0);
}

function lengthOf(window: Objective['window'], runMs: number): number {
  if (window.kind === 'run') return runMs;
  if (window.kind === 'rolling') return window.ms;
  const { duration } = window;
  return Number.parseInt(duration, 10) * (LONGEST_DAYS[duration.slice(-1)] ?? 1) * DAY_MS;
}
