import type { Series } from '../../reports/record/objective.ts';

interface Thinning {
  /** No two kept samples lie further apart than this, but where there is a gap. */
  stepMs: number;
  /** Interval of scraping: what is more than two and a half of them apart is a gap. */
  scrapeMs: number;
  kind: 'counter' | 'gauge';
}

/**
 * Fewer samples that say the same of a counter: a month of scrapes every 15 s is 170,000 a series, and a history must hold them. One sample
 * a step is kept, and beside it everything that a judge looks for: both ends of each gap, and of each fall of a counter that began anew; of a
 * gauge, such as whether a target answered, every change. The step of the observation is then `stepMs`.
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

/** Whether something happened between two samples that a judge must see. */
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
