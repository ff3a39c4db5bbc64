/** Further paths of clients: each has an outage of its own, which is measured and judged as that of the main load. */
import { missedRule } from '../before-fault.ts';
import type { History, Operations, PathHistory } from '../../record/history/history.ts';
import type { PathRecord } from '../../record/run-record.ts';
import type { Seen } from '../../record/observations/index.ts';
import type { Rule } from '../../record/rule.ts';
import { first } from '../observed.ts';
import { patienceGap, rateGap } from './coherence.ts';
import { storeOf } from './evidence.ts';
import { clientViewOf } from './outages/client-view.ts';
import type { ClientView } from './outages/client-view.ts';
import { outcomeRules } from './outages/outcomes.ts';
import { round, rounded } from './outages/phases.ts';
import {
  lateAtEdges,
  neverBack,
  noteOf,
  notSeenBack,
  rtoBetween,
  tooFewBefore,
  tooSlow,
} from './outages/rto.ts';
import type { Judged } from './outages/rto.ts';
import { scheduleRules } from './outages/schedule.ts';
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
    const addresses = declared[name];
    const unknown = { name, trial, view: null, ratePerSecond: 0 };
    if (addresses === undefined) return { ...unknown, gap: 'it was recorded, and is not declared' };
    if (path === undefined) return { ...unknown, gap: 'it is declared, and nothing was recorded of it' };
    const ended = first(path, 'client-load-end') !== undefined;
    // Of a load that was cut off, nobody knows what it would have seen by the deadline.
    const own = { ...trial, gaveUp: trial.gaveUp && ended };
    const { view, trial: judged, ratePerSecond } = clientViewOf(path.writes, own, leader);
    return { name, trial: judged, view, gap: recordGap(history, path, addresses), ratePerSecond };
  });
}

interface Address {
  host: string;
  port: number;
}

/** What keeps the record of a path from being believed: it is cut off, or another load than the declared one wrote it. */
function recordGap(history: History, path: PathHistory, declared: readonly Address[]): string | null {
  const start = first(path, 'client-load-start');
  if (start === undefined) return 'the record of its load has no beginning';
  const failed = first(path, 'client-load-failed');
  if (failed !== undefined) return `its load could not start: ${failed.reason}`;
  if (first(path, 'client-load-end') === undefined) return 'the record of its load has no end';
  return clientGap(history, path, declared) ?? operationsGap(history, path);
}

function clientGap(history: History, path: PathHistory, declared: readonly Address[]): string | null {
  const start = first(path, 'client-load-start');
  const main = first(history, 'client-load-start');
  if (start === undefined || main === undefined) return null;
  if (start.store !== main.store) return `its client wrote to ${start.store}, expected ${main.store}`;
  const run = `${main.run}/path/${path.name}`;
  if (start.run !== run) return `its client wrote the run ${start.run}, expected ${run}`;
  return (
    addressGap(start, declared) ??
    rateGap(start, { writesPerSecond: main.ratePerSecond, readsPerSecond: 0 }) ??
    definiteGap(start, main)
  );
}

function addressGap(
  start: Seen<'client-load-start'>,
  [address, ...others]: readonly Address[],
): string | null {
  const expected = others.map(({ host, port }) => `${host}:${port}`).join(', ');
  const seen = (start.settings.alternatives ?? []).join(', ');
  return seen === expected
    ? patienceGap(start, address)
    : `the further addresses of its client were ${seen || 'none'}, declared are ${expected || 'none'}`;
}

/** The same client reports the same errors as definite, whatever its path. */
function definiteGap(
  start: { definiteFailures: readonly string[] },
  main: { definiteFailures: readonly string[] },
): string | null {
  return start.definiteFailures.join() === main.definiteFailures.join()
    ? null
    : 'its client counts other errors as definite failures than that of the main load';
}

const NO_READS: Operations = {
  count: 0,
  n: new Float64Array(),
  intendedMs: new Float64Array(),
  sentMs: new Float64Array(),
  doneMs: new Float64Array(),
  outcome: new Uint8Array(),
  detail: new Map(),
};

/** Its operations are held to the same schedule, and its outcomes to the same details. */
function operationsGap(history: History, { observations, writes }: PathHistory): string | null {
  const own = { ...history, observations, writes, reads: NO_READS };
  const broken = [...scheduleRules(own), ...outcomeRules(own)].find(({ verdict }) => verdict !== 'pass');
  return broken?.text ?? null;
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
  return tooFewBefore(judged) ?? lateAtEdges(judged) ?? notSeenBack(judged) ?? rtoBetween(judged);
}

export function pathRecord({ name, trial, view, ratePerSecond }: PathView): PathRecord {
  if (view === null) return { name, rto: null, rtoNote: 'not recorded', outages: null };
  return {
    name,
    rto: view.rto === null ? null : rounded(view.rto),
    ...noteOf({ ...view, trial }),
    outages: view.downtime.outages,
    writesPerSecond: round(ratePerSecond),
    generatorLagMs: view.lag,
  };
}
