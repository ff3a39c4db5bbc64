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
  const what = good === null ? 'bad' : 'good';
  const query = good ?? bad ?? '';
  const [asked, whole] = [selectorOf(query), selectorOf(total)];
  const counted = answers.get(total) ?? [];
  if (asked === null || whole === null || counted.length === 0) return null;
  const missing = missingLabel(asked, counted);
  if (missing !== null)
    return `the ${what} query asks for the label ${missing.label}, which ${missing.without} of ${counted.length} series of the total do not have: what it counts says nothing (${query})`;
  if ((answers.get(query) ?? []).length > 0) return null;
  return what === 'good' ? withoutEdge(asked, query) : otherMetric(asked, whole);
}

function missingLabel(
  { matchers }: Selector,
  counted: readonly { labels: Record<string, string> }[],
): { label: string; without: number } | null {
  for (const matcher of matchers) {
    if (matcher.label === 'le' || !demands(matcher)) continue;
    const without = counted.filter(({ labels }) => !(matcher.label in labels)).length;
    if (without > 0) return { label: matcher.label, without };
  }
  return null;
}

/** Every histogram that has a count has its buckets: where there are none, it has no such edge. */
function withoutEdge({ matchers }: Selector, query: string): string | null {
  return matchers.some(({ label }) => label === 'le')
    ? `the good query matches no bucket: the histogram has no such edge (${query})`
    : null;
}

function otherMetric(asked: Selector, whole: Selector): string | null {
  return asked.metric === whole.metric
    ? null
    : `the bad query matches nothing, and nobody knows whether there is a metric ${asked.metric}`;
}
