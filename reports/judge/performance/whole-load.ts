/**
 * Whether a load is the one that was planned, and was told of in full: of each second, and as many requests and iterations by its seconds as
 * by the summary of its engine. k6 writes the two apart.
 */
import type { Seen } from '../../record/observations/index.ts';
import { sumOf } from '../count.ts';
import { countOf } from '../slo/histogram.ts';
import { percent } from '../slo/percent.ts';
import { checkedOf, setupRequests } from '../slo/load.ts';
import type { Load } from '../slo/load.ts';

const SECOND_MS = 1000;
/** Tolerance between a load's duration by its engine and by its seconds: k6 also counts setup and teardown. */
const DURATION_SLACK_MS = 5_000;
/** Tolerance, as a share: iterations due just before a load is stopped may or may not have begun. */
const SCHEDULE_SHARE = 0.02;
/** k6 counts its setup and its teardown as iterations begun. */
const OUTSIDE = 2;

/** One load, and the line of its result. */
export interface Recorded {
  end: Seen<'load'>;
  load: Load;
}

/** What is missing or does not agree, in a few words each; empty: the load was told of in full. */
export function recordGaps(recorded: Recorded): string[] {
  const { load } = recorded;
  return [...secondsGaps(load), ...countGaps(recorded), ...scheduleGaps(load)].map(
    (gap) => `the record of the load is not whole: ${gap}`,
  );
}

function secondsGaps({ seconds, durationMs }: Load): string[] {
  const missing = seconds.findIndex(({ atMs }, index) => atMs !== index * SECOND_MS);
  if (missing >= 0) return [`second ${missing} was not recorded`];
  return durationMs <= seconds.length * SECOND_MS + DURATION_SLACK_MS
    ? []
    : [`${seconds.length} seconds were recorded of a load of ${durationMs / SECOND_MS} s`];
}

/** Engines differ in whether the requests of setup belong to a second, and k6 leaves interrupted iterations out of its seconds. */
function countGaps({ load, end }: Recorded): string[] {
  const { seconds, iterations, interrupted } = load;
  const setup = setupRequests(end);
  const { good, bad } = checkedOf(end);
  const timed = sumOf(seconds, ({ latency }) => countOf(latency));
  const compared = [
    { what: 'requests', told: sumOf(seconds, ({ requests }) => requests), sum: load.requests.count },
    { what: 'good requests', told: sumOf(seconds, (second) => second.good), sum: good },
    { what: 'bad requests', told: sumOf(seconds, (second) => second.bad), sum: bad },
    { what: 'latencies', told: timed, sum: load.requests.count },
  ].map((one) => ({ ...one, less: 0, more: setup }));
  const outside = load.engine === 'embedded' ? 0 : OUTSIDE;
  const begun = { what: 'iterations begun', told: sumOf(seconds, ({ started }) => started) };
  const slack = { less: interrupted + outside, more: outside };
  return [...compared, { ...begun, sum: iterations + interrupted, ...slack }].flatMap(
    ({ what, told, sum, less, more }) => {
      return told >= sum - less && told <= sum + more
        ? []
        : [`its seconds add up to ${told} ${what}, its summary says ${sum}`];
    },
  );
}

/** Of each planned iteration the engine says that it was begun or dropped, in its seconds as well. */
function scheduleGaps(load: Load): string[] {
  const { seconds, iterations, interrupted, dropped, offered } = load;
  const begun = iterations + interrupted;
  const most = Math.max(1, ...seconds.map(({ started }) => started));
  const apart = (a: number, b: number): boolean => Math.abs(a - b) > SCHEDULE_SHARE * Math.max(a, b) + most;
  const gaps: string[] = [];
  const droppedIn = sumOf(seconds, (second) => second.dropped);
  if (apart(droppedIn, dropped))
    gaps.push(`its seconds add up to ${droppedIn} dropped iterations, its summary says ${dropped}`);
  if (offered !== null && apart(begun + dropped, offered))
    gaps.push(`${begun} begun and ${dropped} dropped iterations do not add up to ${offered} planned ones`);
  return gaps;
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
  return [...gaps, ...courseGaps(load, { perSecond, seconds })];
}

/** A load keeps its plan if this share of it was begun or dropped in the block of time in which it was due, and half of each block. */
const COURSE = { blockSeconds: 5, share: 0.95, ofBlock: 0.5 };

/** Whether it began what was due when it was due: a burst makes up for silence in the sums alone. */
function courseGaps(load: Load, { perSecond, seconds }: Omit<Plan, 'scenario'>): string[] {
  const { blockSeconds } = COURSE;
  const due = perSecond * blockSeconds;
  const blocks = Math.floor(seconds / blockSeconds);
  if (blocks < 1) return [];
  // k6 leaves those that it interrupted out of its seconds: most were begun last.
  let left = load.interrupted;
  const shares = Array.from({ length: blocks }, (_, block) => blocks - 1 - block).map((block) => {
    const own = load.seconds.slice(block * blockSeconds, (block + 1) * blockSeconds);
    // An iteration at the edge of a block may fall into the next.
    const begun = 1 + sumOf(own, ({ started, dropped }) => started + dropped);
    const cut = Math.min(left, Math.max(0, due - begun));
    left -= cut;
    return Math.min(1, (begun + cut) / due);
  });
  const [share, worst] = [sumOf(shares, (one) => one) / blocks, Math.min(...shares)];
  if (share >= COURSE.share && worst >= COURSE.ofBlock) return [];
  return [
    `the load was not sent as planned, ${perSecond} a second: ${percent(share)} of it was begun in the ${blockSeconds} s in which it was due, and in one such time only ${percent(worst)}`,
  ];
}

/** Share of requests that may stay open while all others are answered: a service that keeps 99.9 % of them stands still for nobody. */
const STRAGGLERS = 0.001;

/** By how much answers fell behind requests at the most, s: the age of the oldest request without an answer, by the counts of each second. */
export function behindSeconds(load: Load): number {
  const { seconds, requests } = load;
  const started = sumOf(seconds, (second) => second.started);
  const each = started === 0 ? 1 : Math.max(1, requests.count / started);
  const end = seconds.findLastIndex((second) => second.requests > 0);
  const stragglers = Math.max(1, STRAGGLERS * requests.count);
  let [most, sent, answered, oldest] = [0, 0, stragglers, 0];
  for (const [now, second] of seconds.slice(0, end + 1).entries()) {
    answered += second.requests;
    while (oldest <= now && sent + (seconds[oldest]?.started ?? 0) * each <= answered)
      sent += (seconds[oldest++]?.started ?? 0) * each;
    most = Math.max(most, now - oldest);
  }
  return most;
}
