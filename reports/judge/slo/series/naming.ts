import type { Objective } from '../../../record/objective.ts';
import type { Answers } from './series.ts';
import { demands, selectorOf } from './selector.ts';
import type { Matcher, Selector } from './selector.ts';

/**
 * Why what a query found, or did not find, may say nothing: a bad query with a misspelt label matches nothing for ever, and would leave the
 * whole budget. Null where it can be right. Looked at are plain selectors; `le` is what a histogram adds to its buckets.
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

/** The query for a part of the events. */
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
      return `the ${what} query asks for the label ${matcher.label}, which ${without} of ${counted.length} series of the total do not have: what it counts says nothing (${query})`;
  }
  return null;
}

/** Nothing but digits and what a regular expression makes of them: `5..`, `[45]\\d\\d`, `500|503`. */
const DIGITS = /^(?=.*(?:\d|\\d))[\d.|()[\]{},?*+^$\\d-]+$/;
/** The same, written as classes: `5xx`. */
const CLASSES = /^[\d.|()[\]-]*\dxx(?:\|\dxx)*\)?$/i;

/** Which values a matcher can tell apart: those that are written in another way it never matches. Null where nothing follows from it. */
function shapeOf({ value }: Matcher): { is: RegExp; called: string } | null {
  const asked = value.slice(1, -1).replaceAll('\\\\', '\\');
  if (CLASSES.test(asked)) return { is: /^\dxx$/i, called: 'classes such as 5xx' };
  return DIGITS.test(asked) ? { is: /^\d+$/, called: 'numbers' } : null;
}

function isOther(value: string | undefined, shape: RegExp): boolean {
  return value !== undefined && !shape.test(value);
}

/** A service that writes `status="error"` fails for ever, and a query for `5..` finds nothing of it. */
function ofOtherShape(
  { what, query, asked }: Part,
  counted: readonly { labels: Record<string, string> }[],
): string | null {
  for (const matcher of asked.matchers) {
    const shape = matcher.label === 'le' ? null : shapeOf(matcher);
    const odd = shape && counted.find(({ labels }) => isOther(labels[matcher.label], shape.is));
    if (shape !== null && odd)
      return `the ${what} query tells ${shape.called} of the label ${matcher.label} apart, and the total has ${matcher.label}="${odd.labels[matcher.label] ?? ''}": what it counts says nothing (${query})`;
  }
  return null;
}

/** Every histogram that has a count has its buckets: where there are none, it has no such edge. No good event at all is a matter of fact. */
function ofNothing({ what, query, asked }: Part, whole: Selector, answers: Answers): string | null {
  if ((answers.get(query) ?? []).length > 0) return null;
  if (what === 'good')
    return asked.matchers.some(({ label }) => label === 'le')
      ? `the good query matches no bucket: the histogram has no such edge (${query})`
      : null;
  return asked.metric === whole.metric
    ? null
    : `the bad query matches nothing, and nobody knows whether there is a metric ${asked.metric}`;
}
