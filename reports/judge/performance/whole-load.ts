/**
 * Whether the record of a load is whole and consistent. A load is recorded twice, by the second and as a summary. If the two differ,
 * something was lost or is wrong, and what the load was is unknown.
 */
import type { HistoryHeader } from '../../record/history/history.ts';
import type { Buckets } from '../../record/details/load-result.ts';
import type { Seen } from '../../record/observations/index.ts';
import { countOf, merged, quantilesMs } from '../slo/histogram.ts';
import { sumOf } from '../count.ts';
import { checkedOf, setupRequests } from '../slo/load.ts';
import type { Load, LoadSecond } from '../slo/load.ts';

const SECOND_MS = 1000;
/** Tolerance between a load's duration by its engine and by its seconds: k6 also counts setup and teardown. */
const DURATION_SLACK_MS = 5_000;
/** Tolerance for the clock of the load's machine, and for the time from its order to the first iteration. */
const CLOCK_SLACK_MS = 60_000;
/** Tolerance, as a share, of the counts of running pods (k6-operator), which are polled once a second and inexact. */
const LOOSE_SHARE = 0.05;
/** Seconds whose counts may be missing: pods (k6-operator) are polled a second after the last answer, which may take three. */
export const UNASKED_SECONDS = 4;
/** Tolerance, as a share: iterations due just before a load is stopped may or may not have begun. */
const SCHEDULE_SHARE = 0.02;
/** k6 counts its setup and its teardown as iterations begun. */
const OUTSIDE = 2;
/** Tolerance, as a share: the embedded engine may count iterations as due in its last second that come after its stop. */
const CUT_OFF_SHARE = 0.1;

/** One load with the lines that it was made from. */
export interface Recorded {
  start: Seen<'load-start'>;
  end: Seen<'load'>;
  load: Load;
}

/** What does not agree, in a few words each; empty: the record is whole. */
export function recordGaps(recorded: Recorded, header: HistoryHeader): string[] {
  return [
    ...secondsGaps(recorded),
    ...countGaps(recorded),
    ...scheduleGaps(recorded),
    ...latencyGaps(recorded),
    ...timeGaps(recorded, header),
    ...originGaps(recorded),
  ].map((gap) => `the record of the load is not whole: ${gap}`);
}

function secondsGaps({ load }: Recorded): string[] {
  const { seconds, durationMs } = load;
  const missing = seconds.findIndex(({ atMs }, index) => atMs !== index * SECOND_MS);
  if (missing >= 0) return [`second ${missing} was not recorded`];
  const least = busySeconds(load) * SECOND_MS - DURATION_SLACK_MS;
  const most = seconds.length * SECOND_MS + DURATION_SLACK_MS;
  return durationMs >= least && durationMs <= most
    ? []
    : [`${seconds.length} seconds were recorded of a load of ${durationMs / SECOND_MS} s`];
}

/**
 * How many seconds a load lasted, by their counts. With the operator, seconds run from its report that the load began until the last pod
 * ended: empty ones at both ends are no part of the load. Other engines record only the load itself.
 */
function busySeconds({ seconds, engine }: Load): number {
  if (engine !== 'k6-operator') return seconds.length;
  const isBusy = ({ started, requests, dropped }: LoadSecond): boolean => started + requests + dropped > 0;
  return seconds.findLastIndex(isBusy) - seconds.findIndex(isBusy) + 1;
}

/** By how much a sum over the seconds may be off because pods are only polled; 0 for other engines. */
function looseness({ engine, seconds }: Load, sum: number): number {
  if (engine !== 'k6-operator') return 0;
  return LOOSE_SHARE * sum + (UNASKED_SECONDS * sum) / Math.max(1, seconds.length);
}

/** Engines differ in whether the requests of setup belong to a second. */
function countGaps({ load, end }: Recorded): string[] {
  const setup = setupRequests(end);
  const { good, bad } = checkedOf(end);
  const { seconds } = load;
  const agree = (told: number, sum: number): boolean => {
    const loose = looseness(load, sum);
    return told >= sum - loose && told <= sum + setup + loose;
  };
  const compared = [
    ['requests', sumOf(seconds, ({ requests }) => requests), load.requests.count],
    ['good requests', sumOf(seconds, (second) => second.good), good],
    ['bad requests', sumOf(seconds, (second) => second.bad), bad],
  ] as const;
  const gaps = compared.flatMap(([what, told, sum]) =>
    agree(told, sum) ? [] : [`its seconds add up to ${told} ${what}, its summary says ${sum}`],
  );
  if (good + bad > load.requests.count)
    gaps.push(`${good + bad} requests were checked, but only ${load.requests.count} were sent`);
  return gaps;
}

function scheduleGaps({ load }: Recorded): string[] {
  const { seconds, iterations, interrupted, dropped, offered } = load;
  const begun = iterations + interrupted;
  const most = Math.max(1, ...seconds.map(({ started }) => started));
  const apart = (a: number, b: number): boolean =>
    Math.abs(a - b) > SCHEDULE_SHARE * Math.max(a, b) + most + looseness(load, b);
  const gaps = [...scheduleBySecond(load), ...negativeGaps(load)];
  const droppedIn = sumOf(seconds, (second) => second.dropped);
  if (apart(droppedIn, dropped))
    gaps.push(`its seconds add up to ${droppedIn} dropped iterations, its summary says ${dropped}`);
  if (offered !== null && apart(begun + dropped, offered))
    gaps.push(`${begun} begun and ${dropped} dropped iterations do not add up to ${offered} planned ones`);
  return gaps;
}

/** Seconds and summary count the same iterations, but k6 leaves interrupted ones out of its seconds. */
function scheduleBySecond(load: Load): string[] {
  const { seconds, iterations, interrupted, offered, engine } = load;
  const compared: [what: string, told: number, sum: number, more: number][] = [
    ['begun', sumOf(seconds, ({ started }) => started), iterations + interrupted, 0],
  ];
  const bySecond = seconds.flatMap((second) => second.offered ?? []);
  const cutOff = Math.ceil(CUT_OFF_SHARE * Math.max(0, ...bySecond));
  if (bySecond.length > 0) compared.push(['offered', sumOf(bySecond, (one) => one), offered ?? 0, cutOff]);
  const outside = engine === 'embedded' ? 0 : OUTSIDE;
  return compared.flatMap(([what, told, sum, more]) => {
    const slack = outside + looseness(load, sum);
    const agree = told <= sum + slack + more && told >= sum - interrupted - slack;
    return agree ? [] : [`its seconds add up to ${told} iterations ${what}, its summary says ${sum}`];
  });
}

function negativeGaps({ seconds }: Load): string[] {
  const odd = seconds.find(({ offered, started, dropped }) => Math.min(offered ?? 0, started, dropped) < 0);
  return odd === undefined ? [] : [`second ${odd.atMs / SECOND_MS} counts a negative number of iterations`];
}

function latencyGaps({
  load: { seconds, latency, sent, engine, latencyFrom, requests },
  end,
}: Recorded): string[] {
  if (engine === 'k6-operator') return [];
  const odd = seconds.find((second) => countOf(second.latency) !== second.requests);
  if (odd !== undefined)
    return [
      `the record of the load contradicts itself: at ${odd.atMs / SECOND_MS} s the number of latencies differs from the number of requests`,
    ];
  if (countOf(latency) !== end.requests)
    return [`${countOf(latency)} latencies were recorded of ${end.requests} requests`];
  const gaps: string[] = [];
  if (![latency, sent].every(isAscending)) gaps.push('its latencies are out of order');
  if (![latency, sent].every((buckets) => buckets.every(isBucket)))
    gaps.push('a latency is not the lower edge of a bucket of any engine');
  if (!holds(latency, merged(seconds.map((second) => second.latency))))
    gaps.push('latencies of its seconds are missing from its summary');
  if (latencyFrom === 'intended' && !isFaster(sent, latency))
    gaps.push(
      `latencies since sending do not fit those since the planned time, for its ${requests.count} requests`,
    );
  return gaps;
}

/**
 * Every engine writes its buckets in order: out of order, one of them was changed. The first may be 0: k6 times a request that got no
 * connection with exactly 0 (`Done` of its tracer: sending, waiting and receiving, none of which began).
 */
function isAscending(buckets: Buckets): boolean {
  return buckets.every(([lowest], index) => lowest > (buckets[index - 1]?.[0] ?? -1));
}

/** Buckets are 1/1024 of a doubling and begin at whole steps, which k6 counts in µs and the embedded engine in ms. */
function isBucket([lowest]: Buckets[number]): boolean {
  const isStep = (value: number, least: number): boolean =>
    Number.isInteger(value / Math.max(least, 2 ** (Math.floor(Math.log2(value)) - BITS_KEPT)));
  return isStep(lowest, 1) || isStep(lowest / 1000, 0);
}

const BITS_KEPT = 10;

/** Whether every count of `part` is in `whole`. */
function holds(whole: Buckets, part: Buckets): boolean {
  const counts = new Map(whole);
  return part.every(([lowest, count]) => lowest >= 0 && count > 0 && (counts.get(lowest) ?? 0) >= count);
}

/** A request that is sent late took longer from its intended start than from its sending: so does every quantile. */
function isFaster(sent: Buckets, latency: Buckets): boolean {
  if (countOf(sent) !== countOf(latency)) return false;
  const positive = sent.every(([lowest, count]) => lowest > 0 && count > 0);
  if (!positive) return false;
  const slower = quantilesMs(latency, QUANTILES);
  return quantilesMs(sent, QUANTILES).every((value, index) => (value ?? 0) <= (slower[index] ?? 0));
}

/** From the quickest to the slowest. */
const QUANTILES = Array.from({ length: 101 }, (_, index) => index / 100);

function timeGaps({ start, end, load }: Recorded, { anchor }: HistoryHeader): string[] {
  const tookMs = end.t - start.t;
  const beganMs = anchor.monoMs + Date.parse(load.startedAt) - Date.parse(anchor.wall);
  const gaps: string[] = [];
  if (!(load.durationMs > 0 && load.durationMs <= tookMs + DURATION_SLACK_MS))
    gaps.push(
      `a load of ${load.durationMs / SECOND_MS} s does not fit into the ${Math.round(tookMs / SECOND_MS)} s between its start and end`,
    );
  if (!(beganMs >= start.t - CLOCK_SLACK_MS && beganMs <= end.t + CLOCK_SLACK_MS))
    gaps.push(
      `its engine says that it began at ${load.startedAt}, which is not between its recorded start and end`,
    );
  return gaps;
}

function originGaps({ start, end }: Recorded): string[] {
  const ordered = `${start.engine} with ${start.scenario}`;
  const ended = `${end.engine} with ${end.scenario}`;
  return [
    ...(ordered === ended ? [] : [`${ordered} was started, but the result is of ${ended}`]),
    ...(end.stubbed && end.engine !== 'k6-operator'
      ? [`it is said to have run against a stand-in, and ${end.engine} has none`]
      : []),
  ];
}

/** What the environment plans for a load with a constant rate. */
export interface Plan {
  scenario: string;
  perSecond: number;
  seconds: number;
}

/** Whether the load is the one that was planned. */
export function planGaps({ load }: Recorded, { scenario, perSecond, seconds }: Plan): string[] {
  const planned = perSecond * seconds;
  const offered = load.offered ?? 0;
  const gaps: string[] = [];
  if (load.scenario !== scenario)
    gaps.push(`the load was of the scenario ${load.scenario}, planned was ${scenario}`);
  if (Math.abs(offered - planned) > SCHEDULE_SHARE * planned + perSecond)
    gaps.push(`the load offered ${offered} iterations, planned were ${planned}`);
  if (load.durationMs < (seconds - 1) * SECOND_MS)
    gaps.push(`the load lasted ${load.durationMs / SECOND_MS} s, planned were ${seconds} s`);
  return gaps;
}
