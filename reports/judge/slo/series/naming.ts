import type { Objective, Series } from '../../../record/objective.ts';
import { emptyBuckets } from './empty-buckets.ts';
import type { Answers } from './series.ts';
import { demands, selectorOf } from './selector.ts';
import type { Selector } from './selector.ts';
import { numberShapeOf } from './shapes.ts';

/**
 * Why a query's result, empty or not, may say nothing: a query for bad events with a misspelt label never matches, and would leave the
 * whole budget. Null where the query can be right. Only plain selectors are examined; `le` is skipped, since a histogram adds it to its
 * buckets.
 * @param bounded `instance` of the targets that have the boundary of the good query, also for what it does not select
 */
export function misnamed(
  { indicator }: Objective,
  answers: Answers,
  bounded: ReadonlySet<string> = new Set(),
): string | null {
  if (indicator.kind !== 'ratio') return null;
  const { total } = indicator;
  const counted = answers.get(total) ?? [];
  const whole = selectorOf(total);
  const part = partOf(indicator);
  if (whole === null || part === null || counted.length === 0) return null;
  const found = answers.get(part.query) ?? [];
  const isEmpty = emptyBuckets(found, bounded);
  const among: Among = { counted, found, without: counted.filter((one) => hasCounted(one) && !isEmpty(one)) };
  return mislabelled(part, counted) ?? ofNothing(part, whole, among) ?? unbounded(part, whole, among);
}

interface Among {
  /** All events. */
  counted: readonly Series[];
  /** The answer to the query for a part of them. */
  found: readonly Series[];
  /** Of all events those that have counted something, and whose process is not known to have the boundary. */
  without: readonly Series[];
}

const hasCounted = ({ points }: Series): boolean => points.some(([, value]) => (value ?? 0) > 0);

/** Labels that a bucket has and its count has not, or that differ between the two. */
const OF_BUCKETS = new Set(['le', '__name__']);

/**
 * Why a part of what is counted has no bucket at the boundary: pods of another version have other boundaries, and everything that they
 * answered would be slow. Only of a histogram whose count and bucket are selected alike: then each count has its bucket, save an empty one.
 */
function unbounded({ query, asked }: Part, whole: Selector, among: Among): string | null {
  const ofLe = asked.matchers.filter(({ label }) => label === 'le');
  const isOne =
    ofLe.length === 1 && asked.metric.replace(/_bucket$/, '') === whole.metric.replace(/_count$/, '');
  if (!isOne || !isSelectedAlike(asked, whole)) return null;
  const { counted, found } = among;
  const bucketed = new Set(found.map(({ labels }) => keyOf(labels)));
  const without = among.without.filter(({ labels }) => !bucketed.has(keyOf(labels)));
  const [first] = without;
  if (first === undefined) return null;
  const { instance, pod = instance } = first.labels;
  return `${without.length} of ${counted.length} series of ${whole.metric} have no bucket at the boundary of ${query}${pod === undefined ? '' : `, such as those of ${pod}`}: other versions may have other boundaries, and what they counted would be taken for slow`;
}

const keyOf = (labels: Series['labels']): string =>
  JSON.stringify(
    Object.entries(labels)
      .filter(([label]) => !OF_BUCKETS.has(label))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/** By the same labels, beside the boundary. */
function isSelectedAlike(part: Selector, whole: Selector): boolean {
  const [a, b] = [part, whole].map(({ matchers }) =>
    matchers
      .filter(({ label }) => label !== 'le')
      .map(({ label, op, value }) => `${label}${op}${value}`)
      .sort()
      .join(),
  );
  return a === b;
}

type Labelled = readonly { labels: Record<string, string> }[];

function mislabelled(part: Part, counted: Labelled): string | null {
  return withoutLabel(part, counted) ?? ofOtherShape(part, counted);
}

/** The query for the good or the bad events. */
interface Part {
  what: 'good' | 'bad';
  query: string;
  asked: Selector;
}

function partOf({ good, bad }: { good: string | null; bad: string | null }): Part | null {
  const query = good ?? bad ?? '';
  const asked = selectorOf(query);
  return asked === null ? null : { what: good === null ? 'bad' : 'good', query, asked };
}

function withoutLabel(
  { what, query, asked }: Part,
  counted: readonly { labels: Record<string, string> }[],
): string | null {
  for (const matcher of asked.matchers) {
    if (matcher.label === 'le' || !demands(matcher)) continue;
    const without = counted.filter(({ labels }) => !(matcher.label in labels)).length;
    if (without > 0)
      return `the ${what} query selects by the label ${matcher.label}, which ${without} of ${counted.length} series of the total do not have: its count proves nothing (${query})`;
  }
  return null;
}

function isOther(value: string | undefined, shape: RegExp): boolean {
  return value !== undefined && !shape.test(value);
}

/** Finds, for example, a service that writes `status="error"`, which a query for `5..` never matches. */
function ofOtherShape(
  { what, query, asked }: Part,
  counted: readonly { labels: Record<string, string> }[],
): string | null {
  for (const matcher of asked.matchers) {
    const shape = matcher.label === 'le' ? null : numberShapeOf(matcher);
    const odd = shape && counted.find(({ labels }) => isOther(labels[matcher.label], shape.is));
    if (shape !== null && odd)
      return `the ${what} query expects ${shape.called} in the label ${matcher.label}, but the total has ${matcher.label}="${odd.labels[matcher.label] ?? ''}": its count proves nothing (${query})`;
  }
  return null;
}

/**
 * Why an empty result says nothing; null where it may be a fact, such as no good event. A histogram with a count has all its buckets, save empty
 * ones.
 */
function ofNothing({ what, query, asked }: Part, whole: Selector, { found, without }: Among): string | null {
  if (found.length > 0) return null;
  if (what === 'good')
    return asked.matchers.some(({ label }) => label === 'le') && without.length > 0
      ? `the good query matches no bucket: the histogram has no such edge (${query})`
      : null;
  return asked.metric === whole.metric
    ? null
    : `the bad query matches no series, and no other query shows that the metric ${asked.metric} exists`;
}
