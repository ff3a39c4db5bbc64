import type { History } from '../../../reports/record/history/history.ts';
import { answeredBy, answeredFigure, unansweredGaps } from '../../../reports/judge/answered.ts';
import type { Found } from './conclude.ts';
import type { Observed } from './observed.ts';

export type Credit = Pick<Found, 'failures' | 'gaps' | 'figures'>;

export const NOT_ASKED: Credit = { failures: [], gaps: [], figures: [] };

/** A proxy may take so long until it knows a new pod. */
const KNOWN_MS = 10_000;

/** How likely requests that are spread evenly may pass over a pod, for a pod without one to be at fault. */
const CHANCE = 1e-5;

/**
 * Whether the pods that are ready answer clients: new ones that get no request are no answer to the load. Where some of the new ones answer, a proxy
 * leads to them, and which it chooses depends on the connections that it keeps: nothing follows from one that was passed over.
 */
export function creditOf(history: History, observed: Observed): Credit {
  const { replicas } = observed;
  const found = { failures: [], gaps: unansweredGaps(history), figures: [answeredFigure(history)] };
  const { pods, seen } = answeredBy(history) ?? { pods: 0, seen: null };
  if (pods === 0 || seen === null) return found;
  const fromMs = seen.beganMs - KNOWN_MS;
  const since = replicas.filter(({ t }) => t > fromMs && t <= seen.t);
  const before = replicas.findLast(({ t }) => t <= fromMs);
  const ready = Math.min(before?.ready ?? 0, ...since.map((one) => one.ready));
  if (pods >= ready) return found;
  const said = `only ${pods} of the ${ready} pods that were ready answered ${seen.asked} requests`;
  // A proxy that keeps a client at one pod does so with all requests of ours, and of many pods chance passes over some.
  return pods === 1 || hasNew(seen.pods, observed) || ready * (1 - 1 / ready) ** seen.asked > CHANCE
    ? { ...found, gaps: [said] }
    : { ...found, failures: [said] };
}

/** Whether a pod is among them that was not there before the load; where pods were not named then, whether they are more. */
function hasNew(answered: readonly { pod: string }[], { replicas, pods, startMs }: Observed): boolean {
  const before = <Line extends { t: number }>(lines: readonly Line[]): Line[] =>
    lines.filter(({ t }) => startMs !== null && t < startMs);
  const old = before(pods).map(({ pod }) => pod);
  if (old.length > 0) return answered.some(({ pod }) => !old.includes(pod));
  return answered.length > (before(replicas).at(-1)?.ready ?? answered.length);
}
