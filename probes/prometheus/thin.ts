import type { Series } from '../../reports/record/objective.ts';

interface Thinning {
  /** Longest time between two kept samples, except across a gap. */
  stepMs: number;
  /** Scrape interval: samples more than 2.5 intervals apart have a gap between them. */
  scrapeMs: number;
  kind: 'counter' | 'gauge';
}

/**
 * Thins out the samples of a series without changing what a judge sees: a month of scrapes every 15 s is 170,000 samples. Keeps one
 * sample per step, and in addition both ends of each gap, both sides of each counter reset, and every change of a gauge, such as
 * whether a target answered. The result has the step `stepMs`.
 */
export function thinned({ labels, points }: Series, { stepMs, scrapeMs, kind }: Thinning): Series {
  const kept: Series['points'] = [];
  const edge = { gapMs: 2.5 * scrapeMs, kind };
  points.forEach((point, index) => {
    const before = points[index - 1];
    const after = points[index + 1];
    const last = kept.at(-1);
    const due = last === undefined || after === undefined || after[0] - last[0] > stepMs;
    if (due || isEdge(before, point, edge) || isEdge(point, after, edge)) kept.push(point);
  });
  return { labels, points: kept };
}

type Point = Series['points'][number];

/** Whether a gap, a reset or a change lies between two samples: a judge must see both of them. */
function isEdge(
  from: Point | undefined,
  to: Point | undefined,
  { gapMs, kind }: { gapMs: number; kind: Thinning['kind'] },
): boolean {
  if (from === undefined || to === undefined) return false;
  const [fromMs, fromValue] = from;
  const [toMs, toValue] = to;
  if (toMs - fromMs > gapMs || (fromValue === null) !== (toValue === null)) return true;
  if (kind === 'gauge') return fromValue !== toValue;
  return fromValue !== null && toValue !== null && toValue < fromValue;
}
