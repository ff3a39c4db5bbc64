/** What queries say of what they ask for. Grammar: https://prometheus.io/docs/prometheus/latest/querying/basics/ (read for 3.5). */
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
/** Labels of a target, by which the source says who it is; a service's own metrics have them as well. */
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

/** Whether a series is one that a selector asks for. @param selector null for its metric: of any name */
export function matchesSelector(
  labels: Readonly<Record<string, string>>,
  { metric, matchers }: { metric: string | null; matchers: readonly Matcher[] },
): boolean {
  const { __name__: name = metric } = labels;
  return (
    (metric === null || name === metric) && matchers.every((one) => matches(labels[one.label] ?? '', one))
  );
}

/** An expression that is none here decides nothing: Prometheus has its own kind (RE2). */
function matches(text: string, { op, value }: Matcher): boolean {
  const asked = value.slice(1, -1).replaceAll('\\\\', '\\');
  if (op === '=' || op === '!=') return (text === asked) === (op === '=');
  try {
    return new RegExp(`^(?:${asked})$`).test(text) === (op === '=~');
  } catch {
    return true;
  }
}

/** Whether series without the label are left out by it. */
export function demands({ op, value }: Matcher): boolean {
  return (op === '=' || op === '=~') && value.length > 2;
}

/**
 * The query for whether each target of an objective could be scraped: `up{job="…"}`. Null where its queries name no job, or several: then
 * nobody can tell which targets it is about.
 */
export function targetsQuery({ indicator }: Objective): string | null {
  const query = indicator.kind === 'ratio' ? indicator.total : indicator.query;
  const found = matchersIn(query).filter((one) => OF_TARGETS.has(one.label) && demands(one));
  const texts = [...new Set(found.map(({ label, op, value }) => `${label}${op}${value}`))];
  const jobs = texts.filter((text) => text.startsWith('job'));
  return jobs.length === 1 ? `up{${texts.join(',')}}` : null;
}

/** Every query of an objective, its targets last. */
export function queriesOf(objective: Objective): string[] {
  const { indicator } = objective;
  const targets = targetsQuery(objective);
  const own =
    indicator.kind === 'threshold' ? [indicator.query] : [indicator.total, indicator.good, indicator.bad];
  return [...own, targets].filter((query) => query !== null);
}
