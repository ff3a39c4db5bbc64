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

/** Whether each pod that is ready answers clients: a new one that gets no request is no answer to the load. */
export function creditOf(history: History, { replicas }: Observed): Credit {
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
  return pods === 1 || ready * (1 - 1 / ready) ** seen.asked > CHANCE
    ? { ...found, gaps: [said] }
    : { ...found, failures: [said] };
}
