/** What Prometheus answered for one objective. */
import type { History } from '../../record/history/history.ts';
import type { Objective } from '../../record/telemetry/objective.ts';
import type { Seen } from '../../record/observations/index.ts';
import { all } from '../observed.ts';
import { windowOf } from '../slo/account.ts';
import type { Window } from '../slo/account.ts';
import { burnPairs, burnRates } from '../slo/burn-rate.ts';
import type { BurnRate } from '../slo/burn-rate.ts';
import { targetsQuery } from '../slo/series/selector.ts';
import { askingOf, guardQueries, targetsOf, windowQueries } from './budget-queries.ts';
import type { Asking, GuardQueries, WindowQueries } from './budget-queries.ts';

const SECOND_MS = 1000;

export interface Answered {
  whole: Window;
  windowMs: number;
  rates: BurnRate[];
  /** What the answers do not show. */
  unshown: string[];
}

/** The numbers by the text of their queries. @throws Unanswered for a query without an answer, or with one that counts for nothing */
type Ask = (query: string) => number | null;

/** A query that says nothing, with why. */
class Unanswered extends Error {}

/** What was answered for an objective, or why it cannot be judged. */
export function answeredOf(history: History, objective: Objective): Answered | string {
  const [line, ...others] = all(history, 'budget-window').filter((one) => one.objective === objective.name);
  if (line === undefined) return 'Prometheus was not asked for it';
  const windowMs = line.toMs - line.fromMs;
  if (others.length > 0 || !(windowMs > 0 && line.scrapeSeconds > 0)) return 'its window is not valid';
  const asking = askingOf(objective, history.header.settings, line.scrapeSeconds * SECOND_MS);
  const ask = answersAt(history, line);
  const over = (ms: number): Window =>
    windowOf(objective, answersTo(windowQueries(objective, ms, asking), ask), asking.pods);
  return unlessUnanswered(() => {
    const lacking = lackingText(
      objective,
      answersTo(guardQueries(objective, windowMs, asking.scrapeMs), ask),
    );
    if (lacking !== null) return lacking;
    const whole = over(windowMs);
    const pairs = burnPairs(objective, windowMs, asking.scrapeMs);
    const rates = burnRates(objective, pairs, (ms) => unlessUnanswered(() => over(ms)));
    return { whole, windowMs, rates, unshown: unshownOf(objective, asking) };
  });
}

function unlessUnanswered<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof Unanswered) return error.message;
    throw error;
  }
}

function answersAt(history: History, { toMs }: Seen<'budget-window'>): Ask {
  const found = new Map(
    all(history, 'metric-answer')
      .filter(({ atMs }) => atMs === toMs)
      .map((one) => [one.query, one]),
  );
  return (query) => {
    const answer = found.get(query);
    if (answer === undefined) throw new Unanswered(`no answer was recorded to ${query}`);
    if (answer.refused !== undefined) throw new Unanswered(answer.refused);
    return answer.value;
  };
}

export type Answers<Q> = { [K in keyof Q]: number | null };

/** Each query replaced by its answer; null stays null. */
export function answersTo<Q extends WindowQueries | GuardQueries>(queries: Q, ask: Ask): Answers<Q> {
  const entries = Object.entries(queries).map(([name, query]: [string, string | null]) => [
    name,
    query === null ? null : ask(query),
  ]);
  // eslint-disable-next-line verdicts/no-cast-from-unknown -- fromEntries forgets the keys: they are those of the queries
  return Object.fromEntries(entries) as Answers<Q>;
}

/** Which query of an objective finds nothing, so that its sums say nothing either; null: none. Guards are the numbers of series that each finds. */
export function lackingText(objective: Objective, guards: Answers<GuardQueries>): string | null {
  const { indicator } = objective;
  if (indicator.kind === 'threshold')
    return many(guards.total) ? null : `its query matched 0 series: ${indicator.query}`;
  if (!many(guards.total)) return `total matched 0 series: ${indicator.total}`;
  if (indicator.good !== null) return lackingGood(indicator.good, guards);
  return many(guards.part) || many(guards.labelled)
    ? null
    : `bad matched 0 series, and no series has labels like those that it asks for: ${indicator.bad ?? ''}`;
}

const many = (count: number | null): boolean => (count ?? 0) > 0;

function lackingGood(good: string, { part, unbounded }: Answers<GuardQueries>): string | null {
  if (!many(part)) return `good matched 0 series: ${good}`;
  return many(unbounded)
    ? `good matched no series of this boundary for ${unbounded ?? 0} series of total: ${good}`
    : null;
}

function unshownOf(objective: Objective, asking: Asking): string[] {
  const { service, countedElsewhere } = objective;
  return countedElsewhere === true || asking.workload !== undefined || targetsQuery(objective) === null
    ? []
    : [
        `${service} is no declared workload, so that nothing says how many pods must have been scraped (${targetsOf(objective, asking)})`,
      ];
}
