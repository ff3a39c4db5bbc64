import type { Objective } from '../../record/telemetry/objective.ts';

/** The answers for one window of an objective; null: Prometheus found nothing to sum. */
export interface Answers {
  total: number | null;
  part: number | null;
  totalFirst: number | null;
  partFirst: number | null;
  busy: number | null;
  whole: number | null;
  coverage: number | null;
  before: number | null;
}

/** Events or slices of a window. What was not observed is estimated by the rate of the rest. */
export interface Account {
  /** With what was not observed. */
  total: number;
  badBest: number;
  badWorst: number;
  /** What was observed alone. */
  seen: { total: number; bad: number };
  /** Slices without events; 0 where events are counted. */
  quiet: number;
}

export interface Window {
  /** Share of targets and time that was observed. */
  coverage: number;
  /** The same window, counted in each way that may be right: one, or without and with what series had counted when they were first seen. */
  accounts: readonly [Account, ...Account[]];
}

/** Whether its part counts good events, not bad ones. */
export const isGood = (indicator: Objective['indicator']): boolean =>
  indicator.kind === 'ratio' && indicator.good !== null;

/** Less than this share of a window is missing: nothing is. */
const WHOLE = 0.999;

/**
 * With so much of a window observed, no known target was away for long: a pod that is replaced misses a few scrapes. One that was away longer may
 * come back with what it had counted before the window.
 */
const MOSTLY = 0.9;

/** @param pods targets that there must be at least */
export function windowOf(objective: Objective, answers: Answers, pods: number): Window {
  const coverage = Math.min(1, Math.max(0, answers.coverage ?? 0));
  if (objective.method === 'Timeslices') return { coverage, accounts: [slicesOf(answers)] };
  const { total = 0, part = 0, totalFirst = 0, partFirst = 0 } = withoutNull(answers);
  const of = (all: number, some: number): Account =>
    eventsOf(all, isGood(objective.indicator) ? all - some : some, coverage);
  const born = of(total + totalFirst, part + partFirst);
  const watched = coverage >= MOSTLY && wereKnown(answers, pods);
  return {
    coverage,
    accounts: watched || totalFirst + partFirst === 0 ? [born] : [of(total, part), born],
  };
}

/** Whether a new series began within the window, if its targets were watched from then on. Otherwise its first value may be older. */
const wereKnown = ({ before }: Answers, pods: number): boolean => (before ?? 0) >= pods;

function withoutNull(answers: Answers): Partial<Record<keyof Answers, number>> {
  return Object.fromEntries(Object.entries(answers).filter(([, value]) => value !== null));
}

function eventsOf(total: number, counted: number, coverage: number): Account {
  // The queries look at slightly different samples, so either may be ahead of the other.
  const bad = Math.min(total, Math.max(0, counted));
  const unseen = coverage >= WHOLE || coverage === 0 ? 0 : (total * (1 - coverage)) / coverage;
  return {
    total: total + unseen,
    badBest: bad,
    badWorst: bad + unseen,
    seen: { total, bad },
    quiet: 0,
  };
}

function slicesOf({ total, part, busy, whole }: Answers): Account {
  const all = total ?? 0;
  const bad = part ?? 0;
  const observed = Math.min(all, whole ?? 0);
  return {
    total: all,
    badBest: bad,
    badWorst: Math.min(all, bad + all - observed),
    seen: { total: Math.max(observed, bad), bad },
    quiet: Math.max(0, all - (busy ?? 0)),
  };
}
