import type { History, Observation } from '../../record/history.ts';
import type { Figure, Finding, Judgement } from '../../record/judgement.ts';
import type { Verdict } from '../../record/verdict.ts';
import { decideQuantile, minimumSamples, quantileBounds } from '../statistics.ts';
import { goalNumber, seen, text } from '../topology/findings.ts';

const QUANTILES = [0.99, 0.95, 0.5] as const;
const MOST_NAMED = 50;

interface Start {
  pod: string;
  /** From creation to ready, as the watch told of them, ms; Infinity: it was never ready. */
  tookMs: number;
  /** Why it does not count; null: it does. */
  excluded: string | null;
  /** Why it was never ready; empty: it was. */
  why: string;
}

/**
 * `scaling/pods/startup`: from creation to ready, of pods whose image was there and that have no init containers. A p99 is claimed from 299
 * starts on; from 59 on the goal is held against the p95, and the report says so; fewer starts decide nothing, unless they are already too
 * slow: a lower bound of the p99 above the goal is a failure at any number. A pod that was not ready when the wait for it ended is a start that
 * took longer than any goal.
 */
export function judgeStartup(history: History): Judgement {
  const goalS = goalNumber(history, 'p99Seconds', 5);
  const starts = [
    ...seen(history, 'pod-started').map(startOf),
    ...seen(history, 'pod-not-started').map(neverReady),
  ];
  const counted = starts.filter(({ excluded }) => excluded === null);
  const times = counted.map(({ tookMs }) => tookMs / 1000).sort((a, b) => a - b);
  const gaps = gapsOf(history);
  const found = verdictOf(times, goalS);
  const verdict = found.verdict === 'fail' ? 'fail' : gaps.length > 0 ? 'inconclusive' : found.verdict;
  const findings = findingsOf(starts, goalS);
  return {
    verdict,
    reason: verdict === 'inconclusive' && gaps.length > 0 ? gaps.join('; ') : found.reason,
    expected: `p99 from creation to ready at most ${goalS} s; image present, no init containers`,
    seen: seenText(times, starts.length),
    figures: figuresOf(times, goalS, starts.length - counted.length),
    findings: findings.slice(0, MOST_NAMED),
    findingsTotal: findings.length,
    evidence: [],
  };
}

function gapsOf(history: History): string[] {
  const gaps = seen(history, 'unavailable').map(
    (gap) => `${text(gap, 'what')} unavailable: ${text(gap, 'reason')}`,
  );
  if (seen(history, 'end').length === 0) gaps.push('the observation was cut off before its end');
  return gaps;
}

function startOf(one: Observation): Start {
  const tookMs = timeOf(one['readyAt']) - timeOf(one['createdAt']);
  return { pod: text(one, 'pod'), tookMs, excluded: whyExcluded(one, tookMs), why: '' };
}

function neverReady(one: Observation): Start {
  return { pod: text(one, 'pod'), tookMs: Infinity, excluded: null, why: text(one, 'reason') };
}

/** Milliseconds, or a date as text. */
function timeOf(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? Date.parse(value) : Number.NaN;
}

function whyExcluded(one: Observation, tookMs: number): string | null {
  if (!(tookMs >= 0)) return 'no times, or not in order';
  if (one['imagePresent'] === false) return 'the image was pulled first';
  return Number(one['initContainers'] ?? 0) > 0 ? 'it has init containers' : null;
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

/** The goal held against the highest quantile that the number of starts supports. */
function claimOf(times: readonly number[], goalS: number): { verdict: Verdict; reason: string } {
  const n = times.length;
  const claimed = QUANTILES.find((quantile) => n >= needed(quantile)) ?? 0.5;
  const { verdict, upper, lower } = decideQuantile(times, claimed, goalS);
  const name = `p${Math.round(claimed * 100)} of ${n} starts`;
  if (verdict === 'fail')
    return { verdict, reason: `${name} is above ${seconds(lower)}, the goal is ${goalS} s` };
  if (claimed === 0.5) {
    const reason = `${n} starts say nothing of a p95 or a p99: ${needed(0.95)} and ${needed(0.99)} would`;
    return { verdict: 'inconclusive', reason };
  }
  const limits = claimed === 0.99 ? '' : `; a p99 is claimed from ${needed(0.99)} starts on`;
  return verdict === 'pass'
    ? { verdict, reason: `${name} at most ${seconds(upper)} (upper 95 % bound)${limits}` }
    : {
        verdict,
        reason: `${name} between ${seconds(lower)} and ${seconds(upper)}, the goal of ${goalS} s in between`,
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
