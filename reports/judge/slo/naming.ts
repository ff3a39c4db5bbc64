import type { Objective } from '../../record/objective.ts';
import type { Answers } from './series.ts';
import { demands, selectorOf } from './selector.ts';
import type { Selector } from './selector.ts';

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
  return withoutLabel(part, counted) ?? ofNothing(part, whole, answers);
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
