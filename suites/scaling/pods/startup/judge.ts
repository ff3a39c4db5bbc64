import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { need } from '../../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../../reports/judge/evidence/need.ts';
import { all, first } from '../../../../reports/judge/observed.ts';
import { decideQuantile, minimumSamples, quantileBounds } from '../../../../reports/judge/statistics.ts';
import { unavailableText } from '../../../../reports/judge/unavailable.ts';
import type { History, HistoryHeader } from '../../../../reports/record/history/history.ts';
import type { Figure, Finding, Judgement } from '../../../../reports/record/judgement.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import type { Verdict } from '../../../../reports/record/verdict.ts';

const QUANTILES = [0.99, 0.95, 0.5] as const;

const MOST_NAMED = 50;

interface Start {
  pod: string;
  /** From creation to ready, as the watch reported them, ms; Infinity: it was never ready. */
  tookMs: number;
  /** Why it does not count; null: it does. */
  excluded: string | null;
  /** Why it was never ready; empty: it was. */
  why: string;
}

/**
 * `scaling/pods/startup`: from creation to ready, of pods whose image was there and that have no init containers. A p99 is claimed from 299
 * starts on; from 59 on the p95 is compared with the goal, and the report says so; fewer starts decide nothing, unless they are already too
 * slow: a lower bound of the p99 above the goal is a failure at any number. A pod that was not ready when the wait for it ended is a start
 * that took longer than any goal.
 */
function judgeStartup(history: History): Judgement {
  const goalS = history.header.goals.p99Seconds ?? Number.NaN;
  const starts = [
    ...all(history, 'pod-started').map(startOf),
    ...all(history, 'pod-not-started').map(neverReady),
  ];
  const counted = starts.filter(({ excluded }) => excluded === null);
  const times = counted.map(({ tookMs }) => tookMs / 1000).sort((a, b) => a - b);
  const gaps = gapsOf(history);
  const found = verdictOf(times, goalS);
  const verdict = found.verdict === 'fail' ? 'fail' : gaps.length > 0 ? 'inconclusive' : found.verdict;
  const findings = findingsOf(starts, goalS);
  const reason =
    verdict === 'inconclusive' && gaps.length > 0
      ? gaps.join('; ')
      : `${found.reason}; ${whereText(history)}`;
  return {
    verdict,
    reason,
    rules: [{ id: 'starts', verdict, text: reason, ofTime: true }],
    expected: `p99 from creation to ready at most ${goalS} s; image present, no init containers`,
    seen: seenText(times, starts.length),
    figures: figuresOf(times, goalS, starts.length - counted.length),
    findings: findings.slice(0, MOST_NAMED),
    findingsTotal: findings.length,
    evidence: [],
  };
}

/** A start on one node says nothing of the others: which ones they were on stands in the sentence. */
function whereText(history: History): string {
  const nodes = new Set(all(history, 'pod-started').flatMap(({ node }) => node ?? []));
  return nodes.size === 1 ? `all on ${[...nodes].join()}` : `on ${nodes.size} nodes`;
}

function gapsOf(history: History): string[] {
  const gaps = all(history, 'unavailable').map(unavailableText);
  if (first(history, 'end') === undefined) gaps.push('the observation was cut off before its end');
  if (history.header.goals.p99Seconds === undefined) gaps.push('the history states no goal p99Seconds');
  return [...gaps, ...planGaps(history), ...timeGaps(history), ...imageGaps(history)];
}

/** A start with impossible times proves nothing; and starts are created in the order of their numbers. */
function timeGaps(history: History): string[] {
  const started = all(history, 'pod-started');
  const begun = [...started, ...all(history, 'pod-not-started')];
  const odd = started.find((one) => !isTimed(one));
  if (odd !== undefined) return [`the recorded times of ${odd.pod} contradict each other`];
  const inOrder = begun.toSorted((a, b) => numberOf(a) - numberOf(b));
  const early = inOrder.find(
    ({ createdMs }, index) => createdMs < (inOrder[index - 1]?.createdMs ?? createdMs),
  );
  return early === undefined ? [] : [`${early.pod} was created before a pod with a lower number`];
}

/** Images are brought to nodes once, before the first start: a node has it for all of its starts, or for none. */
function imageGaps(history: History): string[] {
  const byNode = Map.groupBy(all(history, 'pod-started'), ({ node }) => node);
  return [...byNode].flatMap(([node, starts]) =>
    new Set(starts.map(({ imagePresent }) => imagePresent)).size > 1
      ? [`the image was on ${node ?? 'no node'} for only some of the starts there`]
      : [],
  );
}

const isTimed = ({ t, createdMs, readyMs }: Seen<'pod-started'>): boolean =>
  readyMs > createdMs && Math.abs(t - readyMs) <= SAME_MOMENT_MS;

const numberOf = ({ pod }: Pick<Start, 'pod'>): number => Number(/\d+$/.exec(pod)?.[0]);

/** Every start that was planned must be recorded once: those that are missing may have been the slow ones. */
function planGaps(history: History): string[] {
  const planned = history.header.settings.startup?.pods;
  if (planned === undefined) return ['the history does not say how many starts were planned'];
  const recorded = [...all(history, 'pod-started'), ...all(history, 'pod-not-started')].map(({ pod }) => pod);
  const names = new Set(recorded);
  const missing = Array.from({ length: planned }, (_, index) => `start-${index}`).filter(
    (name) => !names.has(name),
  );
  const gaps: string[] = [];
  if (missing.length > 0)
    gaps.push(
      `${missing.length} of ${planned} planned starts were not recorded, ${missing[0] ?? ''} among them`,
    );
  if (recorded.length !== planned)
    gaps.push(`${recorded.length} starts were recorded, ${planned} were planned`);
  return gaps;
}

function startOf(one: Seen<'pod-started'>): Start {
  const tookMs = one.readyMs - one.createdMs;
  return { pod: one.pod, tookMs, excluded: whyExcluded(one, tookMs), why: '' };
}

function neverReady({ pod, reason }: Seen<'pod-not-started'>): Start {
  return { pod, tookMs: Infinity, excluded: null, why: reason };
}

/** Tolerance, ms, between a pod's `readyMs` and the time of its line: it is written when the pod is ready, by the same clock. */
const SAME_MOMENT_MS = 5_000;

function whyExcluded(
  { t, readyMs, node, imagePresent, initContainers }: Seen<'pod-started'>,
  tookMs: number,
): string | null {
  if (!(tookMs > 0) || Math.abs(t - readyMs) > SAME_MOMENT_MS) return 'its times are missing or out of order';
  if (!imagePresent || node === null) return 'the image was pulled first';
  return initContainers === 0 ? null : 'it has init containers';
}

function verdictOf(times: readonly number[], goalS: number): { verdict: Verdict; reason: string } {
  const n = times.length;
  if (n === 0) return { verdict: 'inconclusive', reason: 'no start of a pod counts' };
  const p99 = decideQuantile(times, 0.99, goalS);
  if (p99.verdict === 'fail')
    return {
      verdict: 'fail',
      reason: `p99 of ${n} starts is above ${seconds(p99.lower)} (lower 95 % bound), the goal is ${goalS} s`,
    };
  return claimOf(times, goalS);
}

/** Compares the goal with the highest quantile that the number of starts supports. */
function claimOf(times: readonly number[], goalS: number): { verdict: Verdict; reason: string } {
  const n = times.length;
  const claimed = QUANTILES.find((quantile) => n >= needed(quantile)) ?? 0.5;
  const { verdict, upper, lower } = decideQuantile(times, claimed, goalS);
  const name = `p${Math.round(claimed * 100)} of ${n} starts`;
  if (verdict === 'fail')
    return { verdict, reason: `${name} is above ${seconds(lower)}, the goal is ${goalS} s` };
  if (claimed === 0.5) {
    const reason = `${n} starts are too few for a p95 or a p99, which need ${needed(0.95)} and ${needed(0.99)}`;
    return { verdict: 'inconclusive', reason };
  }
  const limits = claimed === 0.99 ? '' : `; a p99 is claimed from ${needed(0.99)} starts on`;
  return verdict === 'pass'
    ? { verdict, reason: `${name} at most ${seconds(upper)} (upper 95 % bound)${limits}` }
    : {
        verdict,
        reason: `${name} is between ${seconds(lower)} and ${seconds(upper)} (95 % bounds), and the goal of ${goalS} s lies between them`,
      };
}

const needed = (quantile: number): number => minimumSamples(quantile) ?? Infinity;

function findingsOf(starts: readonly Start[], goalS: number): Finding[] {
  return starts.flatMap(({ pod, tookMs, excluded, why }) => {
    if (excluded !== null)
      return [{ subject: pod, ok: false, expected: 'a start that counts', seen: `not counted: ${excluded}` }];
    return tookMs > goalS * 1000
      ? [{ subject: pod, ok: false, expected: `ready within ${goalS} s`, seen: tookText(tookMs, why) }]
      : [];
  });
}

function tookText(tookMs: number, why: string): string {
  return Number.isFinite(tookMs) ? `${shown(tookMs / 1000)} s` : `not ready: ${why}`;
}

function seenText(times: readonly number[], all: number): string {
  if (times.length === 0) return `0 of ${all} starts count`;
  const values = QUANTILES.toReversed().map(
    (quantile) => `p${Math.round(quantile * 100)} ${seconds(quantileBounds(times, quantile).value)}`,
  );
  return `${values.join(', ')} of ${times.length} starts`;
}

function figuresOf(times: readonly number[], goalS: number, excluded: number): Figure[] {
  const figures: Figure[] = QUANTILES.toReversed().flatMap((quantile): Figure[] => {
    const name = `p${Math.round(quantile * 100)}`;
    const { value, lower, upper } = quantileBounds(times, quantile);
    const claimable = times.length >= needed(quantile);
    const goal = quantile === 0.99 ? { goal: goalS } : {};
    return [
      {
        name: `start of a pod, ${name}`,
        value:
          claimable || quantile === 0.5
            ? rounded(value)
            : `not claimed: ${needed(quantile)} starts are needed`,
        unit: 's',
        ...goal,
      },
      { name: `${name}, 95 % bounds`, value: `${seconds(lower)} to ${seconds(upper)}` },
    ];
  });
  return [
    ...figures,
    { name: 'starts that count', value: times.length },
    { name: 'pods that were never ready', value: times.filter((one) => one === Infinity).length, goal: 0 },
    ...(excluded > 0 ? [{ name: 'starts not counted', value: excluded }] : []),
  ];
}

const rounded = (value: number | null): number | string | null =>
  value === Infinity ? NEVER : value === null ? null : Number(value.toFixed(3));

const shown = (value: number): string => value.toFixed(2);

/** `1.30 s` */
const seconds = (value: number | null): string =>
  value === Infinity ? NEVER : `${value === null ? '?' : shown(value)} s`;

const NEVER = 'any time (never ready)';

/** Every pod whose start was planned. */
function planned({ settings }: HistoryHeader): AnyNeed[] {
  const subjects = Array.from({ length: settings.startup?.pods ?? 0 }, (_, index) => `start-${index}`);
  return [need('pod-started', { subjects, of: ({ pod }) => pod, what: 'the start' })];
}

export const judge: CheckJudge = { judge: judgeStartup, evidence: planned };
