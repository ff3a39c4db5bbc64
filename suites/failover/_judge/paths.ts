/** Further paths of clients: each has an outage of its own, which is measured and judged as that of the main load. */
import { missedRule } from '../../../reports/judge/before-fault.ts';
import type { History, PathHistory } from '../../../reports/record/history/history.ts';
import type { PathRecord } from '../../../reports/record/run-record.ts';
import type { Rule } from '../../../reports/record/rule.ts';
import { first } from '../../../reports/judge/observed.ts';
import { storeOf } from './evidence.ts';
import { awayOf, clientViewOf } from './outages/client-view.ts';
import type { ClientView } from './outages/client-view.ts';
import { round, rounded } from './outages/phases.ts';
import {
  lateAtEdges,
  neverBack,
  noteOf,
  notSeenBack,
  rtoBetween,
  restlessBefore,
  tooSlow,
} from './outages/rto.ts';
import type { Judged } from './outages/rto.ts';
import type { Trial } from './trial.ts';

/** What the clients of one path saw. */
export interface PathView {
  name: string;
  /** With the goals for the path's own outage. */
  trial: Trial;
  /** null: nothing was recorded, or it is not declared. */
  view: ClientView | null;
  /** Why the record does not hold what was declared; null: it does. */
  gap: string | null;
  ratePerSecond: number;
}

/** One for each declared path, recorded or not, and for each recorded one that is not declared. */
export function pathViewsOf(history: History, trial: Trial, leader: string | null): PathView[] {
  const declared = history.header.settings.stores?.[storeOf(history.header)]?.paths ?? {};
  const recorded = new Map((history.paths ?? []).map((path) => [path.name, path]));
  const names = [...new Set([...Object.keys(declared), ...recorded.keys()])];
  return names.map((name) => {
    const path = recorded.get(name);
    const unknown = { name, trial, view: null, ratePerSecond: 0 };
    if (declared[name] === undefined) return { ...unknown, gap: 'it was recorded, and is not declared' };
    if (path === undefined) return { ...unknown, gap: 'it is declared, and nothing was recorded of it' };
    const ended = first(path, 'client-load-end') !== undefined;
    // Of a load that was cut off, nobody knows what it would have seen by the deadline.
    const own = { ...trial, gaveUp: trial.gaveUp && ended };
    const { view, trial: judged, ratePerSecond } = clientViewOf(path.writes, own, leader);
    return { name, trial: judged, view, gap: recordGap(path), ratePerSecond };
  });
}

/** What keeps the record of a path from being believed: its load did not run to the end. */
function recordGap(path: PathHistory): string | null {
  if (first(path, 'client-load-start') === undefined) return 'the record of its load has no beginning';
  const failed = first(path, 'client-load-failed');
  if (failed !== undefined) return `its load could not start: ${failed.reason}`;
  const scheduled = first(path, 'client-load-end')?.scheduled;
  if (scheduled === undefined) return 'the record of its load has no end';
  const { count } = path.writes;
  return count === scheduled ? null : `${scheduled} writes were scheduled, ${count} recorded`;
}

/** One rule for each path. It limits a time, as the main load's rules of the RTO do. */
export function pathRules(paths: readonly PathView[]): Rule[] {
  return paths.map((path): Rule => {
    const { name, trial, view } = path;
    const id = `path/${name}`;
    const failure = view === null ? null : failureOf({ ...view, trial });
    if (failure !== null)
      return missedRule({ id, text: `path ${name}: ${failure}`, ofTime: true }, view?.overloaded ?? null);
    const open = openOf(path);
    return open === null
      ? { id, verdict: 'pass', text: `the RTO by path ${name} is within its goal` }
      : { id, verdict: 'inconclusive', text: `path ${name}: ${open}` };
  });
}

const failureOf = (judged: Judged): string | null => neverBack(judged) ?? tooSlow(judged);

function openOf({ trial, view, gap }: PathView): string | null {
  if (gap !== null || view === null) return gap;
  const judged = { ...view, trial };
  return restlessBefore(judged) ?? lateAtEdges(judged) ?? notSeenBack(judged) ?? rtoBetween(judged);
}

export function pathRecord({ name, trial, view, ratePerSecond }: PathView): PathRecord {
  if (view === null) return { name, rto: null, rtoNote: 'not recorded', outages: null };
  return {
    name,
    rto: view.rto === null ? null : rounded(view.rto),
    ...noteOf({ ...view, trial }),
    outages: view.downtime.outages,
    away: awayOf(view, trial),
    writesPerSecond: round(ratePerSecond),
    generatorLagMs: view.lag,
  };
}
