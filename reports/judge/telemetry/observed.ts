/** Readers of what a canary of telemetry recorded. All times are wall clock ms. */
import type { History, Observation } from '../../record/history.ts';
import { list, number, seen, setting, text } from '../topology/findings.ts';

export interface Marked {
  n: number;
  mark: string;
  traceId: string;
  sentMs: number;
  doneMs: number;
  ok: boolean;
  status: number | null;
  detail: string;
}

/** Requests that were sent, in the order of their numbers. */
export function markedOf(history: History): Marked[] {
  return seen(history, 'marked')
    .map((one) => ({
      n: number(one, 'n'),
      mark: text(one, 'mark'),
      traceId: text(one, 'traceId'),
      sentMs: number(one, 'sentMs'),
      doneMs: number(one, 'doneMs'),
      ok: one['ok'] === true,
      status: typeof one['status'] === 'number' ? one['status'] : null,
      detail: text(one, 'detail'),
    }))
    .sort((a, b) => a.n - b.n);
}

export interface Hop {
  service: string;
  parent?: string;
  through: string;
  logs: boolean;
  spans: { name: string }[];
}

interface Settings {
  traces?: { path: Hop[] };
  logs?: { shipper?: { daemonSet: { namespace: string; name: string } } };
  alerts?: { ruleGroups: { prefix: string } };
  required?: { targets: string[]; series: string[] };
  dashboards?: { declared: { uid: string; title: string }[]; stubbed?: boolean; kibana?: unknown };
}

/** The declared sources, as the header has them. */
export function declaredOf(history: History): Settings {
  return setting(history, 'telemetry') ?? {};
}

/** Services on the way of a request, in order. */
export function pathOf(history: History): Hop[] {
  return declaredOf(history).traces?.path ?? [];
}

/** A time in which a store did not answer: what came meanwhile was seen only afterwards. */
export interface Blind {
  what: string;
  fromMs: number;
  toMs: number;
}

export function blindOf(history: History, what: 'logs' | 'traces'): Blind[] {
  return seen(history, 'blind')
    .filter((one) => text(one, 'what') === what)
    .map((one) => ({ what, fromMs: number(one, 'fromMs'), toMs: number(one, 'toMs') }));
}

/** Whether the store was asked for everything at the end, and answered: only then is what it does not hold missing. */
export function wasTold(history: History, store: 'logs' | 'traces'): boolean {
  const last = seen(history, 'swept').findLast((one) => text(one, 'what') === `the store of ${store}`);
  return last?.['answered'] === true;
}

export function canaryOf(
  history: History,
): { startMs: number; lookEveryMs: number; lookBackEveryMs: number } | null {
  const found = seen(history, 'canary')[0];
  return found === undefined
    ? null
    : {
        startMs: number(found, 'startMs'),
        lookEveryMs: number(found, 'lookEveryMs'),
        lookBackEveryMs: number(found, 'lookBackEveryMs'),
      };
}

/** How something that has a deadline came. `unseen`: nobody could see it when its time was up, and it was there afterwards. */
export type Coming = 'in time' | 'late' | 'unseen';

/** What decides how something came. Times in ms. */
export interface ArrivalRule {
  visibleMs: number;
  lookEveryMs: number;
  blind: readonly Blind[];
}

/** @param visibleMs the goal, ms */
export function arrivalRule(history: History, store: 'logs' | 'traces', visibleMs: number): ArrivalRule {
  return { visibleMs, lookEveryMs: canaryOf(history)?.lookEveryMs ?? 0, blind: blindOf(history, store) };
}

/**
 * A look sees what came since the one before, so that only what is later by more than the distance of looks is surely late.
 */
export function comingOf(of: { atMs: number; seenMs: number }, rule: ArrivalRule): Coming {
  const dueMs = of.atMs + rule.visibleMs;
  if (of.seenMs - rule.lookEveryMs <= dueMs) return 'in time';
  return rule.blind.some(({ fromMs, toMs }) => fromMs <= dueMs && dueMs <= toMs) ? 'unseen' : 'late';
}

/** Times of faults, for shading. */
export function faultWindows(history: History): { name: string; fromMs: number; toMs: number }[] {
  const phases = seen(history, 'phase');
  const starts = phases.filter((one) => text(one, 'name') === 'fault-start');
  const ends = phases.filter((one) => text(one, 'name') === 'fault-end');
  return starts.map((start, index) => {
    const end = ends[index];
    const fromMs = wallOf(history, start.t);
    return { name: text(start, 'fault'), fromMs, toMs: end === undefined ? fromMs : wallOf(history, end.t) };
  });
}

/** The fault that takes a whole node away, and what is on it with it. */
const TAKES_NODE = 'node-loss';

/**
 * Nodes that a fault took away, until the store was whole again: they ship nothing meanwhile. null: none was taken, or that it came back was
 * not seen. Wall clock ms.
 */
export function awayOf(history: History): { nodes: string[]; fromMs: number; toMs: number } | null {
  const armed = seen(history, 'fault-armed').find((one) => text(one, 'fault') === TAKES_NODE);
  const landed = seen(history, 'fault-landed')[0];
  const end = seen(history, 'phase').find(
    (one) => text(one, 'name') === 'fault-end' && one['healed'] !== false,
  );
  if (armed === undefined || landed === undefined || end === undefined) return null;
  const nodes = text(armed, 'node').split(', ');
  return { nodes, fromMs: wallOf(history, landed.t), toMs: wallOf(history, end.t) };
}

/** A time of the history's clock on the wall clock. */
export function wallOf(history: History, t: number): number {
  const { anchor } = history.header;
  return Date.parse(anchor.wall) + (t - anchor.monoMs);
}

/** The nodes that the pods of lines were to be on, and how many lines each was to write. */
export function linesPlan(history: History): { nodes: string[]; count: number } {
  const plan = seen(history, 'lines')[0];
  return plan === undefined
    ? { nodes: [], count: 0 }
    : { nodes: list(plan, 'nodes') as string[], count: number(plan, 'count') };
}

/** Whether the fault of a check under a fault is proved; the reason why not. */
export function unlanded(history: History): string | null {
  if (seen(history, 'fault-landed').length > 0) return null;
  const missed = seen(history, 'fault-missed')[0] ?? seen(history, 'no-fault')[0];
  if (missed !== undefined) return text(missed, 'reason');
  const restless = seen(history, 'steady').find((one) => one['ok'] !== true);
  return restless === undefined
    ? 'it was not proved'
    : `the store was not steady before: ${text(restless, 'detail')}`;
}

export const pairsOf = (one: Observation): [number, number][] => list(one, 'lines') as [number, number][];
