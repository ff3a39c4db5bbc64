import type { Objective } from '../../../record/objective.ts';
import type { Answers } from './series.ts';
import { demands, selectorOf } from './selector.ts';
import type { Selector } from './selector.ts';
import { numberShapeOf } from './shapes.ts';

/**
 * Why a query's result, empty or not, may say nothing: a query for bad events with a misspelt label never matches, and would leave the
 * whole budget. Null where the query can be right. Only plain selectors are examined; `le` is skipped, since a histogram adds it to its
 * buckets.
 */
export function misnamed({ indicator }: Objective, answers: Answers): string | null {
  if (indicator.kind !== 'ratio') return null;
  const { good, bad, total } = indicator;
  const counted = answers.get(total) ?? [];
  const whole = selectorOf(total);
  const part = partOf(good === null ? 'bad' : 'good', good ?? bad ?? '');
  if (whole === null || part === null || counted.length === 0) return null;
  return mislabelled(part, counted) ?? ofNothing(part, whole, answers);
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

function partOf(what: Part['what'], query: string): Part | null {
  const asked = selectorOf(query);
  return asked === null ? null : { what, query, asked };
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

/** Why an empty result says nothing; null where it may be a fact, such as no good event. A histogram with a count has all its buckets. */
function ofNothing({ what, query, asked }: Part, whole: Selector, answers: Answers): string | null {
  if ((answers.get(query) ?? []).length > 0) return null;
  if (what === 'good')
    return asked.matchers.some(({ label }) => label === 'le')
      ? `the good query matches no bucket: the histogram has no such edge (${query})`
      : null;
  return asked.metric === whole.metric
    ? null
    : `the bad query matches no series, and no other query shows that the metric ${asked.metric} exists`;
}
