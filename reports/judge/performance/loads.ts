import type { History } from '../../record/history/history.ts';
import type { Figure } from '../../record/judgement.ts';
import { proofFigures } from '../proof.ts';
import { answeredFigure, unansweredGaps } from '../answered.ts';
import type { Rule } from '../../record/rule.ts';
import { all, first } from '../observed.ts';
import { refusedBy, refusedText, refusedTotal } from '../../record/refusals.ts';
import { percent, percentDeclared } from '../slo/percent.ts';
import { deliveryOf } from '../slo/series/delivery.ts';
import type { Delivery } from '../slo/series/delivery.ts';
import { sumOf } from '../count.ts';
import { loadOf } from '../slo/load.ts';
import type { Load } from '../slo/load.ts';
import { unavailableText } from '../unavailable.ts';
import { planGaps, recordGaps } from './whole-load.ts';
import type { Recorded } from './whole-load.ts';

/** The loads of a history, as one. */
export interface Observed {
  /** Each load with its lines, in order. */
  loads: Recorded[];
  /** null: there is none. */
  result: Load | null;
  /** Why nothing can be said, whatever the numbers are: the engine failed, a source did not answer, the record is not whole. */
  blocking: string[];
  delivery: Delivery;
  /** Why the load is not the one that was stated; null: it is. */
  undelivered: string | null;
  /** Share of the stated load that must be delivered; null: the history states none. */
  deliveredGoal: number | null;
  /** So many of its requests were refused, or none but that of the setup was sent, that its times and shares are not those of the service. */
  unheard: boolean;
  /** What a reader must know of who answered. */
  proof: Figure[];
}

/** Reads the loads of a history; several count as one, in order. */
export function observedLoad(history: History): Observed {
  const loads = recordedLoads(history);
  const result = combined(loads.map(({ load }) => load));
  const deliveredGoal = history.header.goals.deliveredShare ?? null;
  const delivery =
    result === null ? { offered: null, started: 0, dropped: 0, share: null } : deliveryOf(result);
  const refused = refusalGap(result, deliveredGoal);
  return {
    loads,
    result,
    delivery,
    deliveredGoal,
    proof: proofFigures(history.header),
    blocking: [...blockingOf(history, loads), ...refused],
    unheard: refused.length > 0 || result?.requests.count === 0,
    undelivered: undeliveredText(delivery, deliveredGoal),
  };
}

/** The one load of a check with a constant rate, compared with what the environment plans. */
export function observedSteady(history: History, scenario: 'steady' | 'draft'): Observed {
  const observed = observedLoad(history);
  const { steady } = history.header.settings;
  const [load, ...more] = observed.loads;
  if (load === undefined || observed.blocking.length > 0) return observed;
  const { requestsPerSecond: perSecond = 0, seconds = 0 } = steady ?? {};
  const blocking =
    steady === undefined
      ? ['the history does not say which load was planned']
      : planGaps(load, { scenario: steady.scenario ?? scenario, perSecond, seconds });
  if (more.length > 0) blocking.push(`${more.length + 1} loads were run, one was planned`);
  // Drafts are those of another service.
  if (scenario === 'draft') return { ...observed, blocking };
  const proof = [...observed.proof, answeredFigure(history)];
  return { ...observed, blocking: [...blocking, ...unansweredGaps(history)], proof };
}

/** Loads of a check come one after the other: the lines between a start and its end are of one. */
function recordedLoads(history: History): Recorded[] {
  const starts = all(history, 'load-start');
  const seconds = all(history, 'load-second');
  return all(history, 'load').flatMap((end): Recorded[] => {
    const start = starts.findLast(({ t }) => t <= end.t);
    if (start === undefined) return [];
    const own = seconds.filter(({ t }) => t >= start.t && t <= end.t);
    return [{ end, load: loadOf(end, own) }];
  });
}

function blockingOf(history: History, loads: readonly Recorded[]): string[] {
  const blocking = [
    ...all(history, 'unavailable').map(unavailableText),
    ...all(history, 'load-failed').map(({ reason }) => `the load could not be run: ${reason}`),
  ];
  const begun = all(history, 'load-start').length;
  const ended = all(history, 'load').length + all(history, 'load-failed').length;
  if (begun > ended)
    blocking.push(`${begun - ended} of ${begun} loads ended without a result: was the engine killed?`);
  blocking.push(...loads.flatMap(({ load }) => endedBadly(load)));
  if (loads.length === 0 && blocking.length === 0) blocking.push('no load was recorded');
  if (first(history, 'end') === undefined) blocking.push('the observation was cut off before its end');
  // A failed engine has said why: gaps in its record add nothing.
  return blocking.length > 0 ? blocking : loads.flatMap(recordGaps);
}

/** Requests that were refused never reached what is to be judged: a load with too many of them was not delivered. */
function refusalGap(result: Load | null, deliveredGoal: number | null): string[] {
  if (result === null) return [];
  const { count, refused } = result.requests;
  const reached = 1 - refusedTotal(refused) / Math.max(1, count);
  return refusedTotal(refused) === 0 || reached >= (deliveredGoal ?? 1) ? [] : [refusedText(refused, count)];
}

function endedBadly({ outcome, reason, engine }: Load): string[] {
  if (outcome === 'completed') return [];
  const words = { failed: 'failed', aborted: 'was aborted', interrupted: 'was interrupted' } as const;
  const what = outcome === 'failed' ? `the engine (${engine})` : 'the load';
  return [`${what} ${words[outcome]}: ${reason}`];
}

function undeliveredText({ share, offered, started }: Delivery, goal: number | null): string | null {
  if (goal === null) return 'the history states no goal deliveredShare';
  if (share === null || share >= goal) return null;
  return `the load was not delivered: ${started} of ${offered ?? 0} iterations were begun (${percent(share)}), at least ${percentDeclared(goal)} % needed`;
}

function combined(loads: readonly Load[]): Load | null {
  const [head, ...rest] = loads;
  if (head === undefined || rest.length === 0) return head ?? null;
  let offsetMs = 0;
  const seconds: Load['seconds'] = [];
  for (const { seconds: own, durationMs } of loads) {
    for (const second of own) seconds.push({ ...second, atMs: second.atMs + offsetMs });
    offsetMs += Math.max(durationMs, (own.at(-1)?.atMs ?? 0) + 1000);
  }
  const sum = (of: (load: Load) => number): number => sumOf(loads, of);
  return {
    ...head,
    seconds,
    durationMs: offsetMs,
    offered: loads.some(({ offered }) => offered === null) ? null : sum(({ offered }) => offered ?? 0),
    iterations: sum(({ iterations }) => iterations),
    interrupted: sum(({ interrupted }) => interrupted),
    dropped: sum(({ dropped }) => dropped),
    requests: {
      count: sum(({ requests }) => requests.count),
      failed: sum(({ requests }) => requests.failed),
      unchecked: sum(({ requests }) => requests.unchecked),
      refused: refusedBy((one) => sum(({ requests }) => requests.refused[one])),
    },
    checks: loads.flatMap(({ checks }) => checks),
    // Kept for a single load only: several may measure in different ways.
    sent: [],
  };
}

/** Whether there is a load to judge, and whether it is the stated one. */
export function loadRules({ blocking, undelivered, delivery }: Observed): Rule[] {
  const share = delivery.share === null ? 'a load' : `${percent(delivery.share)} of the load`;
  return [
    blocking.length === 0
      ? { id: 'load/whole', verdict: 'pass', text: 'all lines of the load are there and agree' }
      : { id: 'load/whole', verdict: 'inconclusive', text: blocking.join('; ') },
    undelivered === null
      ? { id: 'load/delivered', verdict: 'pass', text: `${share} was delivered` }
      : { id: 'load/delivered', verdict: 'inconclusive', text: undelivered },
  ];
}
