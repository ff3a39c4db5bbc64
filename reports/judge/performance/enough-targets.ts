/** Whether a source of metrics knew as many targets as a service has pods: what was asked of the others, nobody counted. */
import type { History } from '../../record/history/history.ts';
import type { Objective, Series } from '../../record/objective.ts';
import { targetsQuery } from '../slo/series/selector.ts';
import { absentLimitMs, paced } from '../slo/series/span.ts';
import type { At, Span } from '../slo/series/span.ts';
import { isNamedAfter } from '../topology/declared.ts';
import type { DeclaredWorkload } from '../topology/declared.ts';
import { podPattern } from '../workload-pods.ts';

function workloadOf({ header: { settings } }: History, { service }: Objective): DeclaredWorkload | undefined {
  const workloads = settings.workloads ?? settings.topology?.workloads ?? [];
  return workloads.find(({ name }) => name === service);
}

/** What is said of an objective whose service is no declared workload: one target is enough then. Null: it is one, or nothing is to be said. */
export function leastUnknown(history: History, objective: Objective): string | null {
  const { service, countedElsewhere } = objective;
  if (countedElsewhere === true || targetsQuery(objective) === null) return null;
  return workloadOf(history, objective) === undefined
    ? `${service} is no declared workload, so that nothing says how many pods must have been scraped`
    : null;
}

export interface Known {
  counted: readonly Series[];
  ups: readonly Series[];
  at: At;
}

/**
 * Why too few targets were known: scraped series have an `instance` label, and then there is a target for each pod that the service has at
 * least. Null: there were enough for most of the last part of the window, or it is counted elsewhere, such as by a gateway with pods of its own.
 */
export function targetsGap(history: History, objective: Objective, known: Known): string | null {
  const { counted, ups, at } = known;
  if (!counted.some(({ labels }) => 'instance' in labels)) return null;
  const { service } = objective;
  if (ups.length === 0)
    return `0 targets of ${service} were known to the source (${targetsQuery(objective) ?? ''})`;
  const usual = usualOf(history, objective, known);
  if (usual === null || usual.last >= usual.least) return null;
  const { fromMs } = lastPart(at);
  const part = fromMs === at.fromMs ? 'the window' : `its last ${days(at.toMs - fromMs)}`;
  return `for most of ${part} the source knew ${usual.last} of the targets of ${service}, which has at least ${usual.least} pods`;
}

/** What is said of the time before the last part of the window: fewer targets were known than there must be now. Null: as many were, or none. */
export function fewerBefore(history: History, objective: Objective, known: Known): string | null {
  const { before, least } = usualOf(history, objective, known) ?? { before: 0, least: 0 };
  if (before === 0 || before >= least || !known.counted.some(({ labels }) => 'instance' in labels))
    return null;
  return `before the last ${days(known.at.toMs - lastPart(known.at).fromMs)} of the window the source mostly knew ${before} of the targets of ${objective.service}, which has at least ${least} pods now: if it had as many then, what was asked of the others is not counted`;
}

/** By how many targets were known lately is judged: the least number of pods may have been raised within the window. */
const LAST_MS = 86_400_000;
const LAST_SHARE = 0.1;

function lastPart({ fromMs, toMs }: Span): Span {
  return { fromMs: Math.max(fromMs, toMs - Math.max(LAST_MS, LAST_SHARE * (toMs - fromMs))), toMs };
}

const days = (ms: number): string => `${Number((ms / LAST_MS).toPrecision(2))} d`;

/** How many of its targets were known for most of the last part of the window and of the time before, and how many there must be. Null: that is unknown. */
function usualOf(
  history: History,
  objective: Objective,
  { ups, at }: Known,
): { last: number; before: number; least: number } | null {
  const workload = workloadOf(history, objective);
  const own = workload === undefined ? null : ownOf(ups, workload, objective);
  if (workload === undefined || own === null) return null;
  const spans = spansOf(own, at);
  const last = lastPart(at);
  const before = usualCount(spans, { fromMs: at.fromMs, toMs: last.fromMs });
  // Where none was known lately, as while the source was down, only earlier time says how many there are.
  return { last: usualCount(spans, last) || before, before, least: workload.replicas.min };
}

/** The targets that are pods of a workload, as far as they say of which pod they are. Null: none is. */
function ownOf(
  ups: readonly Series[],
  workload: DeclaredWorkload,
  { countedElsewhere = false }: Objective,
): readonly Series[] | null {
  const { namespace, name } = workload;
  const named = ups.filter(({ labels }) => labels['pod'] !== undefined);
  if (named.length === 0) return countedElsewhere ? null : ups;
  const pattern = podPattern(workload);
  const podOf = ({ labels }: Series): string => labels['pod'] ?? '';
  const exact = named.filter((one) => pattern.test(`${namespace}/${podOf(one)}`));
  // Names that are too long are cut off.
  const own = exact.length > 0 ? exact : named.filter((one) => isNamedAfter(podOf(one), name));
  return own.length > 0 ? own : null;
}

/** When each pod, or address, was known. */
function spansOf(ups: readonly Series[], at: At): Span[] {
  const limitMs = absentLimitMs(
    paced(
      at,
      ups.map(({ points }) => points.map(([t]) => t)),
    ),
  );
  const pods = Map.groupBy(
    ups,
    ({ labels }) => labels['pod'] ?? labels['instance'] ?? JSON.stringify(labels),
  );
  return [...pods.values()].flatMap((series) => knownSpans(series, limitMs, at));
}

/** How many were known at once for most of the time in which any was. */
function usualCount(spans: readonly Span[], within: Span): number {
  const edges = spans
    .filter(({ fromMs, toMs }) => fromMs < within.toMs && toMs > within.fromMs)
    .flatMap(({ fromMs, toMs }): [number, number][] => [
      [Math.max(fromMs, within.fromMs), 1],
      [Math.min(toMs, within.toMs), -1],
    ])
    .sort(([a], [b]) => a - b);
  const msOf = new Map<number, number>();
  let count = 0;
  edges.forEach(([t, by], index) => {
    count += by;
    const ms = (edges[index + 1]?.[0] ?? t) - t;
    if (count > 0) msOf.set(count, (msOf.get(count) ?? 0) + ms);
  });
  return middleOf(msOf);
}

/** When a target was known: around each attempt to scrape it. */
function knownSpans(series: readonly Series[], limitMs: number, { fromMs, toMs }: At): Span[] {
  const times = series.flatMap(({ points }) => points.map(([t]) => t)).sort((a, b) => a - b);
  const found: Span[] = [];
  for (const t of times) {
    const last = found.at(-1);
    const until = Math.min(toMs, t + limitMs);
    if (last !== undefined && t - limitMs <= last.toMs) last.toMs = until;
    else found.push({ fromMs: Math.max(fromMs, t - limitMs), toMs: until });
  }
  return found;
}

/** The count that was reached for at least half the time. */
function middleOf(msOf: ReadonlyMap<number, number>): number {
  const all = [...msOf.values()].reduce((sum, ms) => sum + ms, 0);
  let ms = 0;
  for (const [count, own] of [...msOf].sort(([a], [b]) => a - b)) {
    ms += own;
    if (ms > all / 2) return count;
  }
  return 0;
}
