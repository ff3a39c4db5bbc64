/** Whether a histogram has the boundary that a query selects: between two boundaries nothing is counted. */
import { UNIT_MS } from '../../../record/objective.ts';
import type { Objective } from '../../../record/objective.ts';
import type { Seen } from '../../../record/observations/index.ts';
import { matchesSelector } from './selector.ts';
import type { Found, Matcher } from './selector.ts';

type There = Pick<Seen<'metric-there'>, 'values' | 'boundaryOn'>;

/** The values of a label that were recorded, as they are written. */
export function valuesOf({ values }: Pick<There, 'values'>, label: string): readonly string[] {
  return values.find((one) => one.label === label)?.values ?? [];
}

export function leOf({ matchers }: Found): Matcher | undefined {
  return matchers.find(({ label }) => label === 'le');
}

/** Prometheus and text formats write infinity so. */
const finite = (edges: readonly string[]): number[] =>
  edges
    .map(Number)
    .filter(Number.isFinite)
    .sort((a, b) => a - b);

/** Boundaries above 0, ascending. */
export function positiveEdges(there: There): number[] {
  return finite(valuesOf(there, 'le')).filter((edge) => edge > 0);
}

/**
 * Why the query selects no boundary, with those that are near; null: it selects one, none is asked for, or its targets have it for other series:
 * then nothing that it selects was so fast.
 */
export function boundaryGap(selector: Found, there: There, { histogram }: Objective): string | null {
  const matcher = leOf(selector);
  if (matcher === undefined) return null;
  const edges = valuesOf(there, 'le');
  const isChosen = (le: string): boolean => matchesSelector({ le }, { metric: null, matchers: [matcher] });
  const chosen = edges.filter(isChosen);
  if (chosen.length > 0) {
    const twin = edges.find((le) => !isChosen(le) && chosen.some((one) => Number(one) === Number(le)));
    return twin === undefined
      ? null
      : `${selector.metric} has the boundary le=${matcher.value} written le="${twin}" as well (Prometheus 3 writes 1.0 for 1): what is counted under the other would be taken for slow; select both`;
  }
  const wanted = histogram?.atMost ?? firstNumber(matcher.value);
  if (isElsewhere(there) && !edges.some((le) => Number(le) === wanted)) return null;
  return `${selector.metric} has no boundary le=${matcher.value}${wanted === null ? `; there are ${edges.join(', ') || 'none'}` : absentText(edges, wanted, histogram)}`;
}

function absentText(edges: readonly string[], wanted: number, histogram: Objective['histogram']): string {
  const same = edges.find((le) => Number(le) === wanted);
  if (same !== undefined) return `, but the same written le="${same}": select that`;
  const advice = histogram?.advice ?? 'have the service count at that boundary';
  return `: ${nearText(finite(edges), wanted, histogram)}; ${aim(histogram)}, or ${advice}`;
}

/** Whether targets have the boundary that is asked for, whatever else the query selects. */
export const isElsewhere = ({ boundaryOn = [] }: Pick<There, 'boundaryOn'>): boolean => boundaryOn.length > 0;

const aim = (histogram: Objective['histogram']): string =>
  histogram == null ? 'select one of them' : 'take one of them for the goal';

function nearText(edges: readonly number[], wanted: number, histogram: Objective['histogram']): string {
  const shown = (edge: number): string =>
    histogram == null ? String(edge) : `${edge} (${msText(edge * UNIT_MS[histogram.unit])})`;
  const below = edges.findLast((edge) => edge < wanted);
  const above = edges.find((edge) => edge > wanted);
  if (below === undefined && above === undefined) return 'it has none but infinity';
  if (below === undefined) return `its lowest is ${shown(above ?? 0)}, above the goal`;
  if (above === undefined) return `its highest is ${shown(below)}, below the goal`;
  return `the goal lies between ${shown(below)} and ${shown(above)}, and where between them a request lies is not counted`;
}

/** `500 ms`, `1.2 s` */
function msText(ms: number): string {
  const value = (of: number): number => Number(of.toPrecision(6));
  return ms >= 1000 ? `${value(ms / 1000)} s` : `${value(ms)} ms`;
}

/** 3 of `"3|3[.]0"`. */
function firstNumber(value: string): number | null {
  const [, text] = /^["'`^(]*([\d.]+(?:e[+-]?\d+)?)/.exec(value) ?? [];
  const found = Number(text ?? Number.NaN);
  return Number.isFinite(found) ? found : null;
}
