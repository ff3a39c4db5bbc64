import type { Interval } from '../../../reports/record/run-record.ts';
import { gapRule } from '../../../reports/record/rule.ts';
import type { Rule } from '../../../reports/record/rule.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import { missedRule } from '../../../reports/judge/before-fault.ts';
import { READS_OUT } from './evicted.ts';
import type { Evicted } from './evicted.ts';
import type { Downtime } from './outages/downtime.ts';
import { MAX_LAG_MS } from './outages/generator.ts';
import {
  lateAtEdges,
  neverBack,
  notSeenBack,
  rtoBetween,
  seconds,
  restlessBefore,
  tooSlow,
} from './outages/rto.ts';
import type { Judged } from './outages/rto.ts';
import { readsAway, readsUnsure } from './outages/reads.ts';
import type { ReadsView } from './outages/reads.ts';
import { sameContents } from './writes/readback.ts';
import type { LossWindow } from './writes/loss-window.ts';
import type { Contents, ReadBack } from './writes/readback.ts';
import { readsGone, readsOpen } from './writes/staleness.ts';
import type { Reads } from './writes/staleness.ts';
import type { Accounts } from './writes/sums.ts';
import { pathRules } from './paths.ts';
import type { PathView } from './paths.ts';

const MAX_NAMED = 10;

/** Everything that the rules look at. */
export interface Evidence extends Judged {
  /** Which acknowledged writes may be lost; null: none. */
  lossWindow: LossWindow | null;
  writes: number;
  /** Goal for the total downtime; like the RTO's goal it includes the time for which a majority was kept away. */
  totalGoalMs: number | null;
  /** What the further paths of clients saw. */
  paths: readonly PathView[];
  readBack: ReadBack;
  /** Stretches in which more than one member led, as the members themselves said; null: nobody asked each of them. */
  severalLeaders: readonly Seen<'several-leaders'>[] | null;
  accounts: Accounts | null;
  reads: Reads;
  /** The outages of reads; null: nothing was read. */
  readsView: ReadsView | null;
  /** Why the fault was undone before the store had come back by itself. */
  restoredEarly: string | null;
  /** Members that somebody else evicted; null: none, or nobody looked. */
  evicted: Evicted | null;
}

type Said = (evidence: Evidence) => string | null;

/** One rule. A proved failure holds whatever else is missing; an open question makes the trial inconclusive. */
interface Holding {
  id: string;
  fails?: Said;
  open?: Said;
  /** What is said where it holds. */
  holds: string;
  /** The rule limits a time. */
  ofTime?: true;
  /** It limits what writes of the load miss: of a store that did not bear the load before the fault it proves nothing. */
  ofLoad?: true;
  /** Whether anybody looked at what the rule is about; absent: always. */
  applies?: (evidence: Evidence) => boolean;
}

const HOLDINGS: readonly Holding[] = [
  {
    id: 'undisturbed',
    open: ({ restoredEarly, evicted }) => {
      if (restoredEarly !== null)
        return `the fault was undone early (${restoredEarly}): how long the store alone would have taken is not known`;
      return evicted?.whileWriting === true ? evicted.text : null;
    },
    holds: 'the store came back by itself',
  },
  // Before what follows from it: why there was no fault is what a reader has to know.
  {
    id: 'landed',
    open: ({ trial }) => (trial.landedMs === null ? `the fault did not land: ${trial.missed}` : null),
    holds: 'the fault is proved to have landed',
  },
  {
    id: 'writes',
    open: ({ writes, trial: { scheduled } }) => {
      if (writes === 0) return 'no write was recorded';
      return scheduled === null || scheduled === writes
        ? null
        : `${scheduled} writes were scheduled, ${writes} recorded`;
    },
    holds: 'all writes were recorded',
  },
  {
    id: 'goals',
    open: ({ trial, lossWindow }) =>
      trial.rtoGoalMs === null || (trial.lostGoal === null && lossWindow === null)
        ? 'the history states no goals for RTO and lost writes'
        : null,
    holds: 'goals are stated',
  },
  { id: 'steady-before', open: restlessBefore, holds: 'writes succeeded steadily before the fault' },
  {
    id: 'lag/edges',
    open: lateAtEdges,
    holds: 'what the generator was late at the edges of the outage is in its bounds',
  },
  {
    id: 'recovered',
    fails: neverBack,
    open: notSeenBack,
    holds: 'writes succeeded again before the deadline',
    ofTime: true,
    ofLoad: true,
  },
  { id: 'lost-writes', fails: lostWrites, holds: 'no more acknowledged writes lost than allowed' },
  { id: 'loss-window', fails: lostTooLong, holds: 'all lost writes lie within the loss window' },
  { id: 'loss-around-fault', fails: lostApart, holds: 'all lost writes were acknowledged around the fault' },
  { id: 'duplicates', fails: duplicated, holds: 'no more writes were duplicated than allowed' },
  { id: 'refused-writes', fails: refusedAndThere, holds: 'no refused write is in the store' },
  { id: 'stale-reads', fails: staleReads, holds: 'no read on the primary missed an acknowledged write' },
  {
    id: 'reads',
    fails: ({ reads, rto }) => (rto === null ? null : readsGone(reads)),
    open: ({ reads, rto }) => readsOpen(reads, rto !== null),
    holds: 'reads succeeded, and who answered is known',
    ofTime: true,
  },
  {
    id: 'consumer/once',
    fails: deliveredTwice,
    holds: 'no consumer got a message twice without the redelivered flag',
  },
  {
    id: 'consumer/order',
    fails: deliveredLate,
    holds: 'no consumer got messages of one publisher out of order',
  },
  {
    id: 'one-leader',
    fails: severalLeaders,
    holds: 'no second member claimed to be the leader after the trial',
  },
  {
    id: 'one-leader/meanwhile',
    // Where it is by design, only that it was not seen can be stated.
    applies: ({ severalLeaders: stretches }) =>
      stretches !== null && !stretches.some(({ byDesign }) => byDesign !== undefined),
    fails: severalWrote,
    open: severalUncounted,
    holds: 'no two members were seen to take writes at the same time',
  },
  { id: 'members-agree', fails: divergedMembers, holds: 'every member holds the same writes as the leader' },
  {
    id: 'rto',
    fails: tooSlow,
    open: rtoBetween,
    holds: 'the RTO is within its goal',
    ofTime: true,
    ofLoad: true,
  },
  {
    id: 'total-outage',
    fails: downTooLong,
    open: totalBetween,
    holds: 'all outages together are within the goal',
    ofTime: true,
    ofLoad: true,
  },
  {
    id: 'outages',
    fails: tooManyOutages,
    open: maybeTooMany,
    holds: 'no more outages than allowed',
    ofLoad: true,
  },
  {
    id: READS_OUT,
    applies: ({ readsView }) => readsView !== null,
    fails: ({ readsView }) => readsAway(readsView),
    open: ({ readsView }) => readsUnsure(readsView),
    holds: 'the outage of reads is within its goal',
    ofTime: true,
    ofLoad: true,
  },
  {
    id: 'read-back',
    open: ({ readBack }) => (readBack.gaps.length > 0 ? readBack.gaps.join('; ') : null),
    holds: 'everything was read back',
  },
  {
    id: 'accounts',
    open: ({ accounts }) =>
      accounts !== null && accounts.mismatches.length > 0 ? accounts.mismatches.join('; ') : null,
    holds: 'the sums are exact',
  },
  {
    id: 'lag/outside',
    open: ({ lag }) =>
      (lag.outside ?? 0) > MAX_LAG_MS
        ? `the generator was ${(lag.outside ?? 0).toFixed(1)} ms late (p99) outside of outages (limit ${MAX_LAG_MS} ms): the load was not delivered as stated`
        : null,
    holds: 'the load was delivered as stated',
  },
];

/** Each with its own verdict; the worst counts. */
export function rulesOf(evidence: Evidence): Rule[] {
  const stated = HOLDINGS.filter(({ applies }) => applies?.(evidence) ?? true);
  return [...stated.map((holding) => ruleOf(holding, evidence)), ...pathRules(evidence.paths)];
}

function ruleOf({ id, fails, open, holds, ofTime, ofLoad }: Holding, evidence: Evidence): Rule {
  const failure = fails?.(evidence) ?? null;
  if (failure !== null) {
    const overloaded = ofLoad === true ? evidence.overloaded : null;
    return missedRule({ id, text: failure, ...(ofTime && { ofTime }) }, overloaded);
  }
  return gapRule(id, open?.(evidence) ?? null, holds);
}

export function passReason({ rto, downtime, accounts, paths, readsView }: Evidence): string {
  const took = [
    ...(rto === null ? [] : [`RTO ${between(rto)}`]),
    ...(readsView?.view.rto == null ? [] : [`of reads ${between(readsView.view.rto)}`]),
    ...paths.flatMap(({ name, view }) => (view?.rto == null ? [] : [`by path ${name} ${between(view.rto)}`])),
  ].join(', ');
  const many =
    downtime.outages > 1 ? `, ${downtime.outages} outages of ${seconds(downtime.totalMs.hiMs)} s in all` : '';
  if (accounts === null) return `${took}${many}`;
  const { lost, ok } = accounts.sums;
  const within = lost > 0 ? ` within ${Math.round(accounts.lossWindowMs ?? 0)} ms` : '';
  return `${took}${many}, ${lost} of ${ok} acknowledged writes lost${within}`;
}

const between = ({ loMs, hiMs }: Interval): string => `${seconds(loMs)} to ${seconds(hiMs)} s`;

function lostWrites({ accounts, trial }: Evidence): string | null {
  if (accounts === null || trial.lostGoal === null || accounts.sums.lost <= trial.lostGoal) return null;
  const { sums, lostNumbers, lossWindowMs } = accounts;
  const window = sums.lost > 1 ? ` within ${Math.round(lossWindowMs ?? 0)} ms` : '';
  return `lost ${counted(sums.lost, 'acknowledged write')}${window} (goal ${trial.lostGoal}): ${named(lostNumbers)}`;
}

/** For stores that replicate asynchronously: the lost writes were acknowledged over too long a time. */
function lostTooLong({ accounts, lossWindow }: Evidence): string | null {
  if (accounts === null || lossWindow === null || accounts.sums.lost === 0) return null;
  const { sums, lostNumbers, lossWindowMs } = accounts;
  const { goalMs } = lossWindow;
  if ((lossWindowMs ?? 0) <= goalMs) return null;
  return `lost ${counted(sums.lost, 'acknowledged write')} over ${Math.round(lossWindowMs ?? 0)} ms, the allowed loss window is ${Math.round(goalMs)} ms: ${named(lostNumbers)}`;
}

/** Writes were lost outside the window around the fault: those replicated long before, or written to the new leader, may not be lost. */
function lostApart({ accounts, lossWindow, trial }: Evidence): string | null {
  if (accounts?.lostMs == null || lossWindow === null) return null;
  const faultMs = trial.faultMs ?? trial.zeroMs;
  const { loMs, hiMs } = accounts.lostMs;
  const told = (word: string, ms: number, limitMs: number): string =>
    `lost a write that was acknowledged ${seconds(ms)} s ${word} the fault, which explains losses of at most ${seconds(limitMs)} s ${word} it: ${named(accounts.lostNumbers)}`;
  if (loMs < lossWindow.earliestMs) return told('before', faultMs - loMs, faultMs - lossWindow.earliestMs);
  if (hiMs > lossWindow.latestMs) return told('after', hiMs - faultMs, lossWindow.latestMs - faultMs);
  return null;
}

function duplicated({ accounts, trial }: Evidence): string | null {
  return accounts !== null && accounts.sums.duplicates > trial.duplicatesGoal
    ? `${counted(accounts.sums.duplicates, 'duplicated write')}: ${named(accounts.duplicateNumbers)}`
    : null;
}

function refusedAndThere({ accounts }: Evidence): string | null {
  return accounts !== null && accounts.sums.unexpected > 0
    ? `${counted(accounts.sums.unexpected, 'write')} reported as refused, but found in the store: ${named(accounts.unexpectedNumbers)}`
    : null;
}

function staleReads({ reads: { stale } }: Evidence): string | null {
  return stale.primary > 0
    ? `${counted(stale.primary, 'read')} on the primary missed an acknowledged write`
    : null;
}

function deliveredTwice({ trial: { reader } }: Evidence): string | null {
  return reader !== null && reader.duplicates > 0
    ? `a consumer got ${counted(reader.duplicates, 'message')} twice without the redelivered flag`
    : null;
}

function deliveredLate({ trial: { reader } }: Evidence): string | null {
  return reader !== null && reader.outOfOrder > 0
    ? `a consumer got ${counted(reader.outOfOrder, 'message')} of one publisher out of order`
    : null;
}

/** Two leaders in any reading count, whatever a later reading shows. */
function severalLeaders({ readBack: { leaders } }: Evidence): string | null {
  const [first] = leaders;
  return first === undefined
    ? null
    : `${first.length} members claimed to be the leader when the store was read back: ${first.join(', ')}`;
}

/** A second leader that takes no writes is one that has not stepped down yet: a remark says so (context.ts). */
function severalWrote({ severalLeaders: stretches }: Evidence): string | null {
  const both = (stretches ?? []).filter(({ wrote }) => wrote.length > 1);
  if (both.length === 0) return null;
  const said = both.map(
    ({ wrote, betweenMs: [fromMs, toMs] }) => `${wrote.join(' and ')} within ${seconds(toMs - fromMs)} s`,
  );
  return `several members led and took writes at the same time: ${said.join('; ')}`;
}

function severalUncounted({ severalLeaders: stretches }: Evidence): string | null {
  const [first] = (stretches ?? []).flatMap(({ wrote, uncounted = [] }) =>
    uncounted.length > 0 && wrote.length + uncounted.length > 1 ? [uncounted.join(' and ')] : [],
  );
  return first === undefined
    ? null
    : `whether ${first} took writes while another member led could not be seen`;
}

function divergedMembers({ readBack: { pairs } }: Evidence): string | null {
  const others = pairs.filter(({ leader, member }) => !sameContents(member, leader));
  const told = others.map(({ leader, member }) => difference(member, leader));
  return told.length === 0 ? null : [...new Set(told)].join('; ');
}

function difference(member: Contents, leader: Contents): string {
  const lacking = without(leader, member);
  const extra = without(member, leader);
  return `${member.source} differs from the leader ${leader.source} after it rejoined: ${lacking} writes missing, ${extra} too many`;
}

/** How many numbers of a are not in b. */
function without(a: Contents, b: Contents): number {
  let count = 0;
  for (const [from, to] of a.present) {
    let left = to - from + 1;
    for (const [low, high] of b.present) left -= Math.max(0, Math.min(to, high) - Math.max(from, low) + 1);
    count += left;
  }
  return count;
}

/** With a single outage the total equals the RTO: it is judged only if it has a goal of its own. */
function judgesTotal({ downtime, trial, totalGoalMs }: Evidence): boolean {
  return trial.landedMs !== null && (downtime.outages > 1 || totalGoalMs !== trial.rtoGoalMs);
}

/** A service that comes back for some seconds, again and again, was away for all of its outages. */
function downTooLong(evidence: Evidence): string | null {
  const { downtime, totalGoalMs } = evidence;
  if (!judgesTotal(evidence) || totalGoalMs === null || lateAtEdges(evidence) !== null) return null;
  const { loMs, hiMs } = downtime.totalMs;
  return loMs > totalGoalMs
    ? `${totalText(downtime)} took ${seconds(loMs)} to ${seconds(hiMs)} s together, goal ${seconds(totalGoalMs)} s`
    : null;
}

function totalBetween(evidence: Evidence): string | null {
  const { downtime, totalGoalMs } = evidence;
  if (!judgesTotal(evidence) || totalGoalMs === null) return null;
  const { loMs, hiMs } = downtime.totalMs;
  return hiMs > totalGoalMs && loMs <= totalGoalMs
    ? `${totalText(downtime)} took between ${seconds(loMs)} and ${seconds(hiMs)} s together, the goal of ${seconds(totalGoalMs)} s lies in between`
    : null;
}

function tooManyOutages({ downtime, trial }: Evidence): string | null {
  return trial.outagesGoal !== null && trial.landedMs !== null && downtime.seen > trial.outagesGoal
    ? `${counted(downtime.seen, 'outage')} since the fault, goal ${trial.outagesGoal}`
    : null;
}

function maybeTooMany({ downtime, trial }: Evidence): string | null {
  return trial.outagesGoal !== null && trial.landedMs !== null && downtime.outages > trial.outagesGoal
    ? `${totalText(downtime)} since the fault, goal ${trial.outagesGoal}; in ${downtime.outages - downtime.seen} of them writes only waited for a connection`
    : null;
}

const totalText = ({ outages }: Downtime): string => counted(outages, 'outage');

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function named(numbers: readonly number[]): string {
  const more = numbers.length > MAX_NAMED ? ', …' : '';
  return `number ${numbers.slice(0, MAX_NAMED).join(', ')}${more}`;
}
