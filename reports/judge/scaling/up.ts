import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { countOf, merged, quantileMs } from '../slo/histogram.ts';
import { goalNumber } from '../topology/findings.ts';
import { conclude, secondsOf, secondsText } from './conclude.ts';
import type { Found, Mark } from './conclude.ts';
import { observe } from './observed.ts';
import type { Hpa, HpaSpec, Observed } from './observed.ts';
import { expectedOf, isAbove, outside } from './settings.ts';
import type { Expected } from './settings.ts';

/** Blocks in which the latency goal is looked at, ms; fewer requests than this in one say nothing about a p95. */
const BLOCK_MS = 5000;
const LEAST_SAMPLES = 20;
/** What was so this shortly before the end of the load, ms, was so at its end: the autoscaler looks every 15 s. */
const STILL_MS = 30_000;

interface Goals {
  decisionS: number;
  readyS: number;
  latencyS: number;
  p95Ms: number;
}

/** The chain of events, ms since the load began; null: not seen. */
interface Chain {
  crossedMs: number | null;
  decidedMs: number | null;
  readyMs: number | null;
  /** End of the last block that missed the latency goal; 0: none did. */
  latencyMs: number | null;
  /** Whether the last block of the load still missed it. */
  stillSlow: boolean;
}

/** `scaling/backend/up`: load starts → metric crossed → more pods desired → they are ready → the latency goal is met again. */
export function judgeUp(history: History): Judgement {
  const observed = observe(history);
  const goals: Goals = {
    decisionS: goalNumber(history, 'decisionSeconds', 60),
    readyS: goalNumber(history, 'readySeconds', 90),
    latencyS: goalNumber(history, 'latencySeconds', 120),
    p95Ms: goalNumber(history, 'p95Ms', 500),
  };
  const { spec, startMs } = observed;
  const expectedText = `a decision within ${goals.decisionS} s of the load, pods ready within ${goals.readyS} s, p95 ≤ ${goals.p95Ms} ms again within ${goals.latencyS} s`;
  const missing = missingOf(observed);
  if (spec === null || startMs === null || missing.length > 0)
    return conclude(observed, { ...nothing(expectedText), gaps: missing });
  const chain = chainOf(observed, startMs, goals.p95Ms);
  const expected = expectedOf(history, spec, { hpa: observed.hpa, pods: 0 });
  const context = { observed, spec, startMs, goals, chain };
  return conclude(observed, {
    ...verdictOf(context),
    expected: expectedText,
    marks: marksOf(chain, expected),
    figures: figuresOf(context),
    derivation: expected.derivation,
  });
}

function nothing(expected: string): Found {
  return { failures: [], gaps: [], pass: '', expected, figures: [], marks: [], derivation: '' };
}

/** What has to be there before anything can be said. */
function missingOf({ hpa, spec, startMs, endMs, load }: Observed): string[] {
  const gaps: string[] = [];
  if (startMs === null) gaps.push('no load was started');
  if (spec === null) gaps.push('the settings of the autoscaler were not read');
  const during = hpa.filter(({ t }) => t >= (startMs ?? 0) && t <= (endMs ?? Infinity));
  if (during.length === 0) gaps.push('the autoscaler was not observed during the load');
  else if (during.every((one) => one.load === null))
    gaps.push(`the autoscaler has no metric: ${why(during)}`);
  if (load.undelivered !== null) gaps.push(load.undelivered);
  return gaps;
}

function why(hpa: readonly Hpa[]): string {
  return (
    hpa.findLast(({ complaints }) => complaints.length > 0)?.complaints.join(', ') ?? 'it does not say why'
  );
}

function chainOf({ hpa, replicas, seconds }: Observed, startMs: number, p95Ms: number): Chain {
  const base = hpa.findLast(({ t }) => t < startMs)?.desired ?? hpa[0]?.desired ?? 0;
  const after = hpa.filter(({ t }) => t >= startMs);
  const crossed = after.find(isAbove);
  const raised = after.find(({ desired }) => desired > base);
  const ready = raised && replicas.find(({ t, ready: count }) => t >= raised.t && count >= raised.desired);
  const since = (t: number | undefined): number | null => (t === undefined ? null : t - startMs);
  return {
    crossedMs: since(crossed?.t),
    decidedMs: since(raised?.t),
    readyMs: since(ready?.t),
    ...latencyOf(seconds, startMs, p95Ms),
  };
}

function latencyOf(
  seconds: Observed['seconds'],
  startMs: number,
  p95Ms: number,
): Pick<Chain, 'latencyMs' | 'stillSlow'> {
  const blocks = new Map<number, Observed['seconds']>();
  for (const one of seconds) {
    const index = Math.floor((one.atMs - startMs) / BLOCK_MS);
    const block = blocks.get(index);
    if (block === undefined) blocks.set(index, [one]);
    else block.push(one);
  }
  let latencyMs: number | null = null;
  let stillSlow = false;
  for (const [index, block] of [...blocks].sort(([a], [b]) => a - b)) {
    const latency = merged(block.map(({ second }) => second.latency));
    if (countOf(latency) < LEAST_SAMPLES) continue;
    stillSlow = (quantileMs(latency, 0.95) ?? 0) > p95Ms;
    latencyMs = stillSlow ? (index + 1) * BLOCK_MS : (latencyMs ?? 0);
  }
  return { latencyMs, stillSlow };
}

interface Context {
  observed: Observed;
  spec: HpaSpec;
  startMs: number;
  goals: Goals;
  chain: Chain;
}

function verdictOf(context: Context): Pick<Found, 'failures' | 'gaps' | 'pass'> {
  const { chain, goals } = context;
  const stuck = stuckText(context);
  if (stuck !== null) return { failures: [stuck], gaps: [], pass: '' };
  const idle = blindText(context) ?? idleText(context);
  if (idle !== null) return { failures: [], gaps: [idle], pass: '' };
  const steps = [
    stepOf(context, { atMs: chain.decidedMs, limitS: goals.decisionS, what: 'more pods were desired' }),
    stepOf(context, { atMs: chain.readyMs, limitS: goals.readyS, what: 'the new pods were ready' }),
    latencyStep(context),
  ];
  return {
    failures: steps.flatMap(({ failure }) => failure ?? []),
    gaps: steps.flatMap(({ gap }) => gap ?? []),
    pass: `more pods desired after ${secondsText(chain.decidedMs)}, ready after ${secondsText(chain.readyMs)}, latency goal met from ${secondsText(chain.latencyMs)} on`,
  };
}

/** The metric asks for more than the maximum allows, and it does not help. */
function stuckText({ observed, spec, startMs, chain }: Context): string | null {
  const { hpa, endMs } = observed;
  const during = hpa.filter(({ t }) => t >= startMs && t <= (endMs ?? Infinity));
  const stuck = during.filter((one) => isAbove(one) && one.desired >= spec.max);
  const told = (one: Hpa): string =>
    `stuck at the maximum of ${spec.max}: ${one.metric} at ${shown(one.load)} of its target`;
  const [first] = stuck;
  if (chain.decidedMs === null && first !== undefined) return `${told(first)}, and no pod may be added`;
  const last = stuck.at(-1);
  const lastingMs = (endMs ?? observed.lastMs) - STILL_MS;
  return last !== undefined && last.t >= lastingMs && chain.stillSlow
    ? `${told(last)}, and the latency goal was not met again`
    : null;
}

/** Where no pod was added, and the metric was away for a part of the time in which that had to be decided, nobody knows why. */
function blindText({ observed, startMs, chain, goals }: Context): string | null {
  if (chain.decidedMs !== null) return null;
  const until = Math.min(startMs + goals.decisionS * 1000, observed.endMs ?? Infinity);
  const blind = observed.hpa.filter(({ t, load }) => t >= startMs && t <= until && load === null);
  return blind.length === 0 ? null : `the autoscaler was without a metric for a while: ${why(blind)}`;
}

/** The load did not ask for more pods. */
function idleText({ observed, startMs, chain }: Context): string | null {
  if (chain.crossedMs !== null || chain.decidedMs !== null) return null;
  const highest = Math.max(0, ...observed.hpa.filter(({ t }) => t >= startMs).map(({ load }) => load ?? 0));
  return `the load did not lift the metric over its target: ${shown(highest)} of it at most, with a tolerance of a tenth`;
}

interface Step {
  failure?: string;
  gap?: string;
}

function stepOf(
  { observed, startMs }: Context,
  { atMs, limitS, what }: { atMs: number | null; limitS: number; what: string },
): Step {
  if (atMs !== null && atMs <= limitS * 1000) return {};
  if (atMs !== null) return { failure: `${what} after ${secondsOf(atMs)} s, the goal is ${limitS} s` };
  const watchedS = secondsOf(observed.lastMs - startMs);
  return watchedS >= limitS
    ? { failure: `not within ${limitS} s: ${what} (watched for ${watchedS} s)` }
    : { gap: `${what}: not seen in ${watchedS} s, the goal is ${limitS} s` };
}

function latencyStep({ observed, startMs, chain, goals }: Context): Step {
  const { latencyMs, stillSlow } = chain;
  if (latencyMs === null) return { gap: 'too few requests to see whether the latency goal was met' };
  if (latencyMs > goals.latencyS * 1000)
    return {
      failure: stillSlow
        ? `p95 was above ${goals.p95Ms} ms to the end of the load, ${secondsOf(latencyMs)} s`
        : `p95 was above ${goals.p95Ms} ms for ${secondsOf(latencyMs)} s, the goal is ${goals.latencyS} s`,
    };
  if (!stillSlow) return {};
  const loadedS = secondsOf((observed.endMs ?? observed.lastMs) - startMs);
  return { gap: `p95 was still above ${goals.p95Ms} ms when the load ended after ${loadedS} s` };
}

function marksOf(chain: Chain, expected: Expected): Mark[] {
  const mark = (name: string, atMs: number | null, window: Mark['expected']): Mark => ({
    name,
    atMs,
    expected: window,
    outside: outside(atMs, window),
  });
  return [
    mark('metric crossed', chain.crossedMs, expected.crossed),
    mark('more pods desired', chain.decidedMs, expected.decided),
    mark('pods ready', chain.readyMs, null),
    mark('latency goal met again', chain.latencyMs, null),
  ];
}

function figuresOf({ chain, goals, observed, spec, startMs }: Context): Found['figures'] {
  const s = (ms: number | null): number | null => (ms === null ? null : secondsOf(ms));
  const peak = Math.max(0, ...observed.hpa.filter(({ t }) => t >= startMs).map(({ desired }) => desired));
  const { result } = observed.load;
  return [
    { name: 'metric crossed after', value: s(chain.crossedMs), unit: 's' },
    { name: 'more pods desired after', value: s(chain.decidedMs), unit: 's', goal: goals.decisionS },
    { name: 'new pods ready after', value: s(chain.readyMs), unit: 's', goal: goals.readyS },
    { name: 'latency goal met again after', value: s(chain.latencyMs), unit: 's', goal: goals.latencyS },
    { name: 'most pods desired', value: peak, goal: `≤ ${spec.max}` },
    { name: 'failed requests', value: result === null ? null : result.requests.failed },
  ];
}

const shown = (load: number | null): string =>
  load === null ? 'an unknown share' : `${Math.round(load * 100)} %`;
