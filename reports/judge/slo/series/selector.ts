/** Reads selectors out of queries. Grammar: https://prometheus.io/docs/prometheus/latest/querying/basics/ (read for 3.5). */
import type { Objective } from '../../../record/objective.ts';

export interface Matcher {
  label: string;
  op: '=' | '!=' | '=~' | '!~';
  /** With its quotes. */
  value: string;
}

/** A selector without anything around it: `name{label="value"}`. */
export interface Selector {
  metric: string;
  matchers: Matcher[];
}

const MATCHER = /([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)/g;
const PLAIN = /^\s*([A-Za-z_:][\w:]*)\s*(?:\{([^]*)\})?\s*$/;
/** Labels that identify a target; a service's own metrics carry them as well. */
const OF_TARGETS = new Set(['job', 'namespace', 'cluster']);

/** Null for a query that is more than a selector. */
export function selectorOf(query: string): Selector | null {
  const [, metric, inside = ''] = PLAIN.exec(query) ?? [];
  return metric === undefined ? null : { metric, matchers: matchersIn(inside) };
}

function matchersIn(text: string): Matcher[] {
  return [...text.matchAll(MATCHER)].map(([, label = '', op = '=', value = '']) => ({
    ...{ label, op: op as Matcher['op'], value },
  }));
}

/** Whether a selector selects a series. @param selector with a null metric it matches any name */
export function matchesSelector(
  labels: Readonly<Record<string, string>>,
  { metric, matchers }: { metric: string | null; matchers: readonly Matcher[] },
): boolean {
  const { __name__: name = metric } = labels;
  return (
    (metric === null || name === metric) && matchers.every((one) => matches(labels[one.label] ?? '', one))
  );
}

/** An expression that is invalid in JavaScript counts as a match: Prometheus uses RE2, whose syntax differs. */
function matches(text: string, { op, value }: Matcher): boolean {
  const asked = value.slice(1, -1).replaceAll('\\\\', '\\');
  if (op === '=' || op === '!=') return (text === asked) === (op === '=');
  try {
    return new RegExp(`^(?:${asked})$`).test(text) === (op === '=~');
  } catch {
    return true;
  }
}

/** Whether the matcher excludes series without its label. */
export function demands({ op, value }: Matcher): boolean {
  return (op === '=' || op === '=~') && value.length > 2;
}

/**
 * The query for whether each target of an objective could be scraped: `up{job="…"}`. Null where its query names no job, or several: then
 * its targets are unknown.
 */
export function targetsQuery({ indicator }: Objective): string | null {
  const query = indicator.kind === 'ratio' ? indicator.total : indicator.query;
  const found = matchersIn(query).filter((one) => OF_TARGETS.has(one.label) && demands(one));
  const texts = [...new Set(found.map(({ label, op, value }) => `${label}${op}${value}`))];
  const jobs = texts.filter((text) => text.startsWith('job'));
  return jobs.length === 1 ? `up{${texts.join(',')}}` : null;
}

/** Every query of an objective; the one for its targets comes last. */
export function queriesOf(objective: Objective): string[] {
  const { indicator } = objective;
  const targets = targetsQuery(objective);
  const own =
    indicator.kind === 'threshold' ? [indicator.query] : [indicator.total, indicator.good, indicator.bad];
  return [...own, targets].filter((query) => query !== null);
}
