/** Readers of what a canary of telemetry recorded, and of what the header declares. All times are wall clock ms. */
import { refusalIn, refusedBy, refusedText, refusedTotal } from '../../../reports/record/refusals.ts';
import type { Refusal, Refused } from '../../../reports/record/refusals.ts';
import { faultFacts } from '../../../reports/record/facts/fault-facts.ts';
import type { NumberGoal } from '../../../reports/record/goals.ts';
import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import { LOOK_EVERY_MS, mostWriters } from '../../../reports/record/observations/telemetry.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import type { HeaderSettings } from '../../../reports/record/settings.ts';
import { isOverloaded } from '../../../reports/judge/before-fault.ts';
import type { BeforeFault } from '../../../reports/judge/before-fault.ts';
import { proofGap } from '../../../reports/judge/fault-proof.ts';
import { all, first } from '../../../reports/judge/observed.ts';
import { percent, percentAtLeast, percentDeclared } from '../../../reports/judge/slo/percent.ts';
import type { Findings } from '../../../reports/judge/topology/findings.ts';
import { ownMs, wallOf } from '../../../reports/judge/telemetry/clocks.ts';
import type { Offset } from '../../../reports/judge/telemetry/clocks.ts';

export type CanaryRequest = Seen<'canary-request'>;
type Declared = NonNullable<HeaderSettings['telemetry']>;
export type Hop = NonNullable<Declared['traces']>['path'][number];
type Canary = NonNullable<Declared['canary']>;
export type Store = 'logs' | 'traces';

/** @throws Error where the header has no such goal: only goals that are set are judged */
export function goalOf({ goals }: HistoryHeader, name: NumberGoal): number {
  const goal = goals[name];
  if (goal === undefined) throw new Error(`the history's header has no goal ${name}`);
  return goal;
}

/** The declared sources, as the header has them. */
export function declaredOf({ settings }: HistoryHeader): Declared {
  return settings.telemetry ?? {};
}

/** Services on the way of a request, in order. */
export function pathOf(header: HistoryHeader): Hop[] {
  return declaredOf(header).traces?.path ?? [];
}

/** Planned numbers of canary requests and lines. @throws Error where the header has none */
export function plannedOf(header: HistoryHeader, name: Exclude<keyof Canary, 'fault'>): number {
  const planned = header.settings.canary?.[name] ?? declaredOf(header).canary?.[name];
  if (planned === undefined) throw new Error(`the history's header has no canary.${name}`);
  return planned;
}

/** Canary requests and numbered lines that were to be sent and written, of a node each. */
export interface Plan {
  requests: number;
  lines: number;
}

const FEW = ['telemetry/traces/canary', 'telemetry/correlation'];

export function planOf(header: HistoryHeader): Plan {
  const { check } = header;
  if (check.endsWith('/under-fault')) {
    const seconds = plannedOf(header, 'underFaultSeconds');
    return {
      requests: Math.ceil(seconds * plannedOf(header, 'perSecond')),
      lines:
        check === 'telemetry/logs/under-fault' ? Math.ceil(seconds * plannedOf(header, 'linesPerSecond')) : 0,
    };
  }
  if (check === 'telemetry/logs/canary') return { requests: 0, lines: plannedOf(header, 'lines') };
  return { requests: plannedOf(header, FEW.includes(check) ? 'few' : 'requests'), lines: 0 };
}

/** On how many nodes numbered lines were to be written at most. */
export function mostWritersIn(header: HistoryHeader): number {
  const { requests, lines } = planOf(header);
  const services = pathOf(header).filter(({ logs }) => logs).length;
  return mostWriters({ lines, requestLines: requests * services });
}

/** Requests that were sent, in the order of their numbers. */
export function canaryRequestsOf(history: History): CanaryRequest[] {
  return all(history, 'canary-request')
    .map((seen) => {
      const setMs = ownMs(history, seen.t, seen.doneMs) - seen.doneMs;
      return { ...seen, sentMs: seen.sentMs + setMs, doneMs: seen.doneMs + setMs };
    })
    .sort((a, b) => a.n - b.n);
}

/** The number in `RUN/17`; NaN where it is another correlation id. */
export function numberIn(correlationId: string): number {
  return Number(/^[^/]+\/(\d+)$/.exec(correlationId)?.[1] ?? Number.NaN);
}

/** Why requests were not answered well: failures of the service with the first of them, and what was refused before it; empty: all were. */
export function unansweredText(canaries: readonly CanaryRequest[]): string {
  const failed = canaries.filter(isFailed);
  const [first] = failed;
  const own =
    first === undefined
      ? ''
      : `${failed.length} of ${canaries.length} requests were not answered well: ${first.detail}`;
  return [own, refusedText(refusedOf(canaries), canaries.length)].filter((text) => text !== '').join('; ');
}

/** Not answered well by the service: neither refused before it, nor answered well. */
export function isFailed({ ok, detail }: CanaryRequest): boolean {
  return !ok && refusalIn(detail) === null;
}

/** Requests that were refused before the service answered: it did not fail. */
export function refusedOf(canaries: readonly CanaryRequest[]): Refused {
  const count = (refusal: Refusal): number =>
    canaries.filter(({ ok, detail }) => !ok && refusalIn(detail) === refusal).length;
  return refusedBy(count);
}

/**
 * The goal for the share of accepted requests in a trial: a refused request cannot be followed, and a platform that refuses most says
 * little about its telemetry.
 */
export function acceptedRule(history: History, findings: Findings, canaries: readonly CanaryRequest[]): void {
  findings.rule('accepted');
  const goal = goalOf(history.header, 'answeredRatio');
  const good = canaries.filter(({ ok }) => ok).length;
  const ratio = good / Math.max(1, canaries.length);
  findings.figure({
    name: 'requests answered well',
    value: percentAtLeast(ratio, 3),
    unit: '%',
    goal: `≥ ${percentDeclared(goal)}`,
  });
  const why = unansweredText(canaries);
  const [subject, expected] = ['canary requests answered well', `at least ${percentDeclared(goal)} %`];
  if (canaries.length === 0) {
    findings.unknown(subject, expected, 'none was sent');
    return;
  }
  const before = failedBefore(history, canaries);
  const restless =
    ratio < goal && isOverloaded(before)
      ? `; but ${before.failed} of ${before.ended} had failed before the fault: it is not known what the fault alone would have cost`
      : '';
  const seen = `${percent(ratio)}${why === '' ? '' : `; ${why}`}${restless}`;
  const refused = refusedTotal(refusedOf(canaries));
  const reached = (good + refused) / canaries.length;
  if (restless !== '' || (ratio < goal && reached >= goal)) findings.unknown(subject, expected, seen);
  else findings.expect(subject, ratio >= goal, expected, seen);
  // Of requests that a fault makes fail, many may; of refused ones nobody knows what the platform would have made.
  if (ratio >= goal && refused > canaries.length * MOST_REFUSED)
    findings.unknown('canary requests', `at most ${percentDeclared(MOST_REFUSED)} % of them refused`, why);
}

/** Requests that had ended before the fault was in force, by CLOCK_MONOTONIC. */
function failedBefore(history: History, canaries: readonly CanaryRequest[]): BeforeFault {
  const [notYetMs] = first(history, 'fault-landed')?.betweenMs ?? [-Infinity];
  const before = canaries.filter(({ t }) => t <= notYetMs);
  return { ended: before.length, failed: before.filter(isFailed).length };
}

/** The share of refused requests above which the rest is not what was to be looked at: as much as `deliveredShare` lets a load lack. */
const MOST_REFUSED = 0.02;

/** A time in which a store did not answer: what came meanwhile was seen only afterwards. */
export type Gap = Pick<Seen<'observation-gap'>, 'fromMs' | 'toMs'>;

export function gapsOf(history: History, what: Store): Gap[] {
  return all(history, 'observation-gap').filter((one) => one.what === what);
}

/** Whether the store answered the final query for everything: only then is what it did not return missing. */
export function wasTold(history: History, store: Store): boolean {
  return lastSweep(history, store)?.answered === true;
}

function lastSweep(history: History, store: Store): Seen<'swept'> | undefined {
  return all(history, 'swept').findLast(({ what }) => what === store);
}

/** Wall clock ms at which the store had been asked for everything; Infinity: it never was. */
export function sweptMs(history: History, store: Store): number {
  const swept = lastSweep(history, store);
  return swept === undefined ? Infinity : wallOf(history, swept.t);
}

/** The final query for everything was answered. */
export function sweptRule(history: History, findings: Findings, store: Store): void {
  findings.rule('swept');
  const swept = lastSweep(history, store);
  const subject = `the store of ${store}`;
  const expected = 'an answer to a final query for everything';
  if (swept?.answered === true) findings.expect(subject, true, expected, 'answered');
  else findings.unknown(subject, expected, swept === undefined ? 'no final query' : 'no answer to it');
}

/**
 * Outcome of something with a deadline. `unseen`: the store could not be queried at the deadline, and had it afterwards. `undecided`:
 * the offset of the writer's clock is not known well enough.
 */
export type Coming = 'in time' | 'late' | 'unseen' | 'undecided';

/** What decides how something came. Times in ms. */
export interface ArrivalRule {
  visibleMs: number;
  lookEveryMs: number;
  gaps: readonly Gap[];
}

export function arrivalRule(history: History, store: Store): ArrivalRule {
  const visibleMs = goalOf(history.header, 'visibleSeconds') * 1000;
  return { visibleMs, lookEveryMs: LOOK_EVERY_MS, gaps: gapsOf(history, store) };
}

/** Nothing can be seen before it is written. Two readings on one machine may still differ by this much, ms. */
const CAUSALITY_MS = 50;

interface Written {
  atMs: number;
  seenMs: number;
  unseenMs?: number | null;
}

/**
 * A query sees what arrived since the one before, so only a delay beyond the deadline plus one polling interval is certainly late; where it is
 * known when the last question in vain began, only what one after the deadline did not find.
 * @param of `unseenMs`: when that was; null: there was none. `clock`: offset of the clock that gave `atMs`; null: not known; left out: the harness's own clock
 */
export function comingOf(of: Written & { clock?: Offset | null }, rule: ArrivalRule): Coming {
  const { offsetMs, errorMs } = of.clock ?? { offsetMs: 0, errorMs: of.clock === null ? Infinity : 0 };
  const writtenMs = of.atMs - offsetMs;
  if (of.seenMs < writtenMs - errorMs - CAUSALITY_MS) return 'undecided';
  const dueMs = writtenMs + rule.visibleMs;
  const beforeMs = of.seenMs - rule.lookEveryMs;
  if (beforeMs <= dueMs - errorMs) return 'in time';
  if (rule.gaps.some(({ fromMs, toMs }) => fromMs <= dueMs && dueMs <= toMs)) return 'unseen';
  if (of.unseenMs !== undefined && (of.unseenMs ?? -Infinity) <= dueMs) return 'unseen';
  return beforeMs <= dueMs + errorMs ? 'undecided' : 'late';
}

/**
 * Of what another machine wrote after it was asked for: soon after the request it is in time by any clock, and else its own time counts, since a service
 * may work long on a request that was answered.
 */
export function comingAfter(
  { sentMs, clock, ...written }: Written & { sentMs: number; clock: Offset | null },
  rule: ArrivalRule,
): Coming {
  const soon = comingOf({ ...written, atMs: sentMs }, rule);
  return soon === 'in time' || soon === 'undecided' ? soon : comingOf({ ...written, clock }, rule);
}

/**
 * Nodes that a fault took away, until the store was whole again; they ship nothing meanwhile. null: none was, or its return was not
 * observed. Wall clock ms.
 */
export function awayOf(history: History): { nodes: string[]; fromMs: number; toMs: number } | null {
  const armed = all(history, 'fault-armed').find(({ fault }) => faultFacts(fault)?.takesNode);
  const landed = first(history, 'fault-landed');
  const healed = all(history, 'healed').find(({ ok }) => ok);
  if (armed === undefined || landed === undefined || healed === undefined) return null;
  const nodes = armed.members.flatMap(({ node }) => (node === null ? [] : [node]));
  return { nodes, fromMs: wallOf(history, landed.t), toMs: wallOf(history, healed.t) };
}

/** Of a trial: the fault is proved, and happened while requests flowed. */
export function faultRule(history: History, findings: Findings, canaries: readonly CanaryRequest[]): void {
  findings.rule('fault');
  const why = unlanded(history);
  if (why !== null) {
    findings.unknown('the fault', 'landed', why);
    return;
  }
  const landed = first(history, 'fault-landed');
  const landedMs = wallOf(history, landed?.t ?? 0);
  const odd = undone(history);
  if (odd !== null) findings.unknown('the fault', 'injected into each of its targets', odd);
  flowFinding(findings, { canaries, landedMs, by: landed?.by ?? '' });
}

function flowFinding(
  findings: Findings,
  { canaries, landedMs, by }: { canaries: readonly CanaryRequest[]; landedMs: number; by: string },
): void {
  const before = canaries.some(({ sentMs }) => sentMs < landedMs);
  const after = canaries.some(({ doneMs }) => doneMs > landedMs);
  if (before && after) findings.expect('the fault', true, 'landed while requests flowed', by);
  else
    findings.unknown(
      'the fault',
      'landed while requests flowed',
      `${before ? 'landed after' : 'landed before'} all requests`,
    );
}

/** Members that the fault was armed for but not done to, or the reverse; null: both lists agree. */
function undone(history: History): string | null {
  const names = first(history, 'fault-armed')?.members.map(({ name }) => name) ?? [];
  if (names.length === 0) return 'no member was hit';
  const acted = all(history, 'fault-acted').map(({ member }) => member);
  return acted.toSorted().join() === names.toSorted().join()
    ? null
    : `injected into ${acted.join(', ') || 'nothing'}, but armed for ${names.join(', ')}`;
}

/** Why the fault is not proved; null: it is. */
function unlanded(history: History): string | null {
  const armed = first(history, 'fault-armed');
  const landed = first(history, 'fault-landed');
  const wanted = history.header.settings.failover?.fault ?? history.header.settings.fault;
  if (landed !== undefined && armed !== undefined)
    return armed.fault === wanted
      ? proofGap(armed, landed)
      : `the fault was ${armed.fault}, not ${wanted ?? 'the declared one'}`;
  const missed = first(history, 'fault-missed') ?? first(history, 'no-fault');
  if (missed !== undefined) return missed.reason;
  const restless = all(history, 'steady').find(({ ok }) => !ok);
  return restless === undefined
    ? 'no proof'
    : `the store was not steady before the fault: ${restless.detail}`;
}
