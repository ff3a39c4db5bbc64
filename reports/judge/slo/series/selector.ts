/** Reads selectors out of queries. Grammar: https://prometheus.io/docs/prometheus/latest/querying/basics/ (read for 3.5). */
import type { Objective } from '../../../record/telemetry/objective.ts';

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
    label,
    op: op as Matcher['op'],
    value,
  }));
}

/** Whether the matcher excludes series without its label. */
export function demands({ op, value }: Matcher): boolean {
  return (op === '=' || op === '=~') && value.length > 2;
}

/**
 * The query for whether each target of an objective could be scraped: `up{job="…",namespace="…"}`. Null where its query names no job, or several: then
 * its targets are unknown. Where a gateway counts, the namespace is not asked for: its series may have that of the service behind it (`honorLabels`),
 * and its `up` that of the gateway. Elsewhere it is: one job may scrape the pods of a whole cluster.
 */
export function targetsQuery(objective: Objective): string | null {
  const asked = ofTargets(objective).filter(
    ({ label }) => label !== NAMESPACE || objective.countedElsewhere !== true,
  );
  const texts = [...new Set(asked.map(({ label, op, value }) => `${label}${op}${value}`))];
  const jobs = texts.filter((text) => text.startsWith('job'));
  return jobs.length === 1 ? `up{${texts.join(',')}}` : null;
}

const NAMESPACE = 'namespace';

/** What its query demands of labels by which targets are known. */
function ofTargets({ indicator }: Objective): Matcher[] {
  const query = indicator.kind === 'ratio' ? indicator.total : indicator.query;
  return matchersIn(query).filter((one) => OF_TARGETS.has(one.label) && demands(one));
}

/** A selector within an expression, as it stands there without range and offset. */
export interface Found extends Selector {
  text: string;
}

/** Words of PromQL that are followed by labels in parentheses. */
const BEFORE_LABELS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
/** Words that look like names of metrics. Functions are followed by a parenthesis, and so are aggregations, or by one of the words above. */
const WORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan', 'atan2', 'start', 'end']);

/** Strings; ranges; numbers and durations; names; anything else by one character. */
const TOKEN = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|\[[^\]]*\]|#[^\n]*|\d[\w.]*|[A-Za-z_:][\w:]*|[^]/g;
const INSIDE = /^\s*\{((?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[^}"'`])*)\}/;
const LABELS = /^\s*\([^)]*\)/;

/** Every selector of an expression, each text once. One without a name before its braces has the metric ''. */
export function selectorsIn(query: string): Found[] {
  const found = new Map<string, Found>();
  let at = 0;
  while (at < query.length) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(query)?.[0] ?? '';
    const rest = query.slice(at);
    const selector = NAME.test(token) ? namedAt(rest, token) : token === '{' ? bracesAt(rest, '') : null;
    if (selector !== null) found.set(selector.text, selector);
    at += selector?.text.length ?? skippedAt(rest, token);
  }
  return [...found.values()];
}

const NAME = /^[A-Za-z_:]/;

function namedAt(rest: string, name: string): Found | null {
  const after = rest.slice(name.length);
  if (BEFORE_LABELS.has(name.toLowerCase())) return null;
  return bracesAt(rest, name) ?? (isMetric(name, after) ? { text: name, metric: name, matchers: [] } : null);
}

function bracesAt(rest: string, metric: string): Found | null {
  const [all, inside = ''] = INSIDE.exec(rest.slice(metric.length)) ?? [];
  return all === undefined ? null : { text: metric + all, metric, matchers: matchersIn(inside) };
}

/** How much of the text is no selector: a token, with the labels in parentheses that belong to it. */
function skippedAt(rest: string, token: string): number {
  const labels = BEFORE_LABELS.has(token.toLowerCase()) ? LABELS.exec(rest.slice(token.length)) : null;
  return Math.max(1, token.length + (labels?.[0].length ?? 0));
}

function isMetric(name: string, after: string): boolean {
  if (WORDS.has(name.toLowerCase()) || /^\s*\(/.test(after)) return false;
  const [, next = ''] = /^\s*([a-z_]+)\s*\(/.exec(after) ?? [];
  return !['by', 'without'].includes(next);
}
