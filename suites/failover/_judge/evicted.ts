/** Members that somebody else evicted during a trial: what came after that is not the fault's alone. */
import { faultFacts } from '../../../reports/record/facts/fault-facts.ts';
import type { History } from '../../../reports/record/history/history.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import { excusedBy } from '../../../reports/record/rule.ts';
import type { Rule } from '../../../reports/record/rule.ts';
import { all, first } from '../../../reports/judge/observed.ts';
import type { ClientView } from './outages/client-view.ts';
import type { RawOutage } from '../../../reports/judge/failover/outages/outages.ts';
import { isSeen } from '../../../reports/judge/failover/outages/recovery.ts';
import { seconds } from './outages/rto.ts';
import type { ReadsView } from './outages/reads.ts';
import type { PathView } from './paths.ts';
import { goalFor } from './trial.ts';
import type { Trial } from './trial.ts';

/** A lost node brings about the other reasons itself: its taint, and pods that take the place of others elsewhere. */
const BY_EVICTION_API = 'EvictionByEvictionAPI';

/** How long before it was seen an eviction may have been ordered: the runner looks ten times a second at what the API server's watch has delivered. */
const SEEN_WITHIN_MS = 500;

export interface Evicted {
  text: string;
  /** How many were evicted. */
  members: number;
  /** The load still wrote: outages may be due to it. Otherwise only what is looked at after the trial may be. */
  whileWriting: boolean;
  /** Ids of rules whose goals had been missed before: it does not excuse them. */
  missedBefore: ReadonlySet<string>;
}

/** What each client saw. */
interface Views {
  /** With the goals as declared, not those for one outage. */
  trial: Trial;
  view: ClientView;
  paths: readonly Pick<PathView, 'name' | 'view'>[];
  /** With the goal of reads. */
  readsView: Pick<ReadsView, 'view' | 'trial'> | null;
}

/** null: nobody evicted a member, as far as it was seen */
export function evictedIn(history: History, views: Views): Evicted | null {
  const { trial } = views;
  const [seen, ...more] = all(history, 'member-evicted').filter(notOfFault(history, trial.fault));
  if (seen === undefined) return null;
  const { member, reason, message, t } = seen;
  const ms = t - trial.zeroMs;
  const when = ms < 0 ? `${seconds(-ms)} s before` : `${seconds(ms)} s after`;
  const others = more.length === 0 ? '' : ` and ${more.map((one) => one.member).join(', ')} later`;
  const words = message === '' ? reason : `${reason}: ${message}`;
  const fromMs = t - SEEN_WITHIN_MS;
  return {
    text: `somebody else evicted ${member} ${when} the fault${others} (${words}): how long the store alone would have taken is not known`,
    members: 1 + more.length,
    whileWriting: fromMs < (first(history, 'client-load-end')?.t ?? Infinity),
    missedBefore: missedBefore(fromMs, views),
  };
}

function notOfFault(history: History, fault: string): (one: Seen<'member-evicted'>) => boolean {
  const { takesNode = false, evicts = false } = faultFacts(fault) ?? {};
  const armed = takesNode || evicts ? all(history, 'fault-armed').flatMap(({ members }) => members) : [];
  const hit = new Set(armed.map(({ uid }) => uid));
  return ({ uid, reason }) => !hit.has(uid) && (!takesNode || reason === BY_EVICTION_API);
}

/** Ids of the rules whose goals had surely been missed by `untilMs`, whatever came later. */
function missedBefore(untilMs: number, { trial, view, paths, readsView }: Views): Set<string> {
  const ids = new Set<string>();
  if (wasOutTooLong(view, trial, untilMs)) ids.add('rto');
  const others = paths.map(({ name, view: seen }) => ({ id: `path/${name}`, view: seen, trial }));
  const streams = readsView === null ? others : [...others, { id: READS_OUT, ...readsView }];
  for (const { id, view: seen, trial: judged } of streams)
    if (seen !== null && wasOutTooLong(seen, judged, untilMs)) ids.add(id);
  const begun = begunBy(
    untilMs,
    view.episodes.flatMap(({ outages }) => outages),
  );
  const totalMs = begun.reduce((sum, { start, end }) => sum + Math.min(end.loMs, untilMs) - start.hiMs, 0);
  if (totalMs > (goalFor(trial, view.downtime.fromMs).totalGoalMs ?? Infinity)) ids.add('total-outage');
  if (begun.length > (trial.outagesGoal ?? Infinity)) ids.add(OUTAGES);
  return ids;
}

/** Whether one episode had outlasted its goal. Of an episode only those outages count that had begun: a later one may be due to the eviction. */
function wasOutTooLong({ episodes }: ClientView, trial: Trial, untilMs: number): boolean {
  return episodes.some(({ start, outages }) => {
    const end = begunBy(untilMs, outages).at(-1)?.end;
    const goalMs = goalFor(trial, start.loMs).rtoGoalMs;
    return end !== undefined && goalMs !== null && Math.min(end.loMs, untilMs) - start.hiMs > goalMs;
  });
}

const begunBy = (untilMs: number, outages: readonly RawOutage[]): RawOutage[] =>
  outages.filter((outage) => isSeen(outage) && outage.start.hiMs < untilMs);

/** That reads were out for too long. */
export const READS_OUT = 'reads/outage';
/** It counts what the fault did not cause, and is no goal of time. */
const OUTAGES = 'outages';
/** That no read ever succeeded again, while writes did, is not for the loss of another member. */
const READS = 'reads';
/** A member that is not back has lost its role. */
const ROLES = 'afterwards/roles';

/** The same rules, but what was missed after the eviction is inconclusive. */
export function excusedByEviction(rules: readonly Rule[], evicted: Evicted | null): Rule[] {
  if (evicted === null) return [...rules];
  const excuse = { text: `but ${evicted.text}`, seen: evicted.members, upTo: 0 };
  return rules.map((rule) => (isExcused(rule, evicted) ? excusedBy(rule, excuse) : rule));
}

function isExcused({ id, ofTime }: Rule, { whileWriting, missedBefore: missed }: Evicted): boolean {
  if (id === ROLES || (ofTime === true && id.startsWith('afterwards/'))) return true;
  return whileWriting && ((ofTime === true && id !== READS) || id === OUTAGES) && !missed.has(id);
}
