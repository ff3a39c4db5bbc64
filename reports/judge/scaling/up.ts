import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { goalNumber } from '../topology/findings.ts';
import { latencySeen } from './blocks.ts';
import type { LatencySeen } from './blocks.ts';
import { conclude, secondsOf, secondsText } from './conclude.ts';
import type { Found, Mark } from './conclude.ts';
import { observe } from './observed.ts';
import type { Hpa, HpaSpec, Observed } from './observed.ts';
import { raisesOf, unmetOf } from './raises.ts';
import type { Raise } from './raises.ts';
import { expectedOf, isAbove, outside } from './settings.ts';
import type { Expected } from './settings.ts';

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
  raises: Raise[];
  /** If what was dropped had been answered in time, and if it had been slow. */
  latency: LatencySeen;
  latencyWorst: LatencySeen;
}

/**
 * `scaling/backend/up`: load starts → metric crossed → more pods desired → they are ready → the latency goal is met again. The goals count from
 * when the load was at its full rate: while it rises nobody can say when it began to be too much.
 */
export function judgeUp(history: History): Judgement {
  const observed = observe(history);
  const goals: Goals = {
    decisionS: goalNumber(history, 'decisionSeconds', 60),
    readyS: goalNumber(history, 'readySeconds', 90),
    latencyS: goalNumber(history, 'latencySeconds', 120),
    p95Ms: goalNumber(history, 'p95Ms', 500),
  };
  const { spec, startMs, topMs } = observed;
  const expectedText = `a decision within ${goals.decisionS} s of the full load, pods ready within ${goals.readyS} s, every further wish met, p95 ≤ ${goals.p95Ms} ms again within ${goals.latencyS} s`;
  const missing = missingOf(observed);
  if (spec === null || startMs === null || topMs === null || missing.length > 0)
    return conclude(observed, { ...nothing(expectedText), gaps: missing });
  const chain = chainOf(observed, startMs, goals.p95Ms);
  const expected = expectedOf(history, spec, { rampMs: topMs - startMs, pods: 0 });
  const context = { observed, spec, startMs, topMs, goals, chain };
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
function missingOf({ hpa, spec, startMs, endMs }: Observed): string[] {
  const gaps: string[] = [];
  if (startMs === null) gaps.push('no load was started');
  if (spec === null) gaps.push('the settings of the autoscaler were not read');
  const during = hpa.filter(({ t }) => t >= (startMs ?? 0) && t <= (endMs ?? Infinity));
  if (during.length === 0) gaps.push('the autoscaler was not observed during the load');
  else if (during.every((one) => one.load === null))
    gaps.push(`the autoscaler has no metric: ${why(during)}`);
  return gaps;
}

function why(hpa: readonly Hpa[]): string {
  return (
    hpa.findLast(({ complaints }) => complaints.length > 0)?.complaints.join(', ') ?? 'it does not say why'
  );
}

function chainOf(observed: Observed, startMs: number, p95Ms: number): Chain {
  const { hpa, replicas, seconds } = observed;
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
    raises: raisesOf(observed, startMs, base),
    latency: latencySeen(seconds, { startMs, p95Ms, dropsAreSlow: false }),
    latencyWorst: latencySeen(seconds, { startMs, p95Ms, dropsAreSlow: true }),
  };
}

interface Context {
  observed: Observed;
  spec: HpaSpec;
  startMs: number;
  topMs: number;
  goals: Goals;
  chain: Chain;
}

/** Failures stand though the load was not delivered as stated: less of it can only have made things look better. */
function verdictOf(context: Context): Pick<Found, 'failures' | 'gaps' | 'pass'> {
  const { chain, goals, observed } = context;
  const undelivered = observed.load.undelivered === null ? [] : [observed.load.undelivered];
  const stuck = stuckText(context);
  if (stuck !== null) return { failures: [stuck], gaps: [], pass: '' };
  const idle = blindText(context) ?? idleText(context);
  if (idle !== null) return { failures: [], gaps: [...undelivered, idle], pass: '' };
  const steps = [
    stepOf(context, { atMs: chain.decidedMs, limitS: goals.decisionS, what: 'more pods were desired' }),
    stepOf(context, { atMs: chain.readyMs, limitS: goals.readyS, what: 'the new pods were ready' }),
    latencyStep(context),
  ];
  const { failures, gaps } = furtherRaises(context);
  const { metFromMs } = chain.latencyWorst;
  return {
    failures: [...steps.flatMap(({ failure }) => failure ?? []), ...failures],
    gaps: [...steps.flatMap(({ gap }) => gap ?? []), ...gaps, ...undelivered],
    pass: `more pods desired after ${secondsText(chain.decidedMs)}, ready after ${secondsText(chain.readyMs)}, latency goal met from ${secondsText(metFromMs)} on`,
  };
}

/** The first raise is what the goals are of; each further one may take what they leave between the decision and ready pods. */
function furtherRaises({ chain, goals, observed, topMs }: Context): Pick<Found, 'failures' | 'gaps'> {
  return unmetOf(chain.raises.slice(1), {
    readyMs: topMs + goals.readyS * 1000,
    eachMs: Math.max(0, goals.readyS - goals.decisionS) * 1000,
    untilMs: untilOf(observed),
  });
}

/** As long as there was load. */
function untilOf({ endMs, lastMs }: Observed): number {
  return endMs ?? lastMs;
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
  return last !== undefined && last.t >= lastingMs && chain.latency.last === 'missed'
    ? `${told(last)}, and the latency goal was not met again`
    : null;
}

/** Where no pod was added, and the metric was away for a part of the time in which that had to be decided, nobody knows why. */
function blindText({ observed, startMs, topMs, chain, goals }: Context): string | null {
  if (chain.decidedMs !== null) return null;
  const until = Math.min(topMs + goals.decisionS * 1000, observed.endMs ?? Infinity);
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

/** From when the goals count, ms since the load began. Less load than stated may have asked for more pods later only. */
function countedFrom({ observed, startMs, topMs, chain }: Context): number {
  const top = topMs - startMs;
  return observed.load.undelivered === null ? top : Math.max(top, chain.crossedMs ?? 0);
}

function stepOf(
  context: Context,
  { atMs, limitS, what }: { atMs: number | null; limitS: number; what: string },
): Step {
  const { observed, startMs } = context;
  const fromMs = countedFrom(context);
  const of = fromMs > 0 ? ' of the full load' : '';
  if (atMs !== null && atMs - fromMs <= limitS * 1000) return {};
  if (atMs !== null)
    return { failure: `${what} after ${secondsOf(atMs - fromMs)} s${of}, the goal is ${limitS} s` };
  const watchedS = secondsOf(untilOf(observed) - startMs - fromMs);
  return watchedS >= limitS
    ? { failure: `not within ${limitS} s${of}: ${what} (watched for ${watchedS} s)` }
    : { gap: `${what}: not seen in ${watchedS} s${of}, the goal is ${limitS} s` };
}

/** What was dropped may have been slow or not: a miss counts if it is one either way, and the goal is met only if it is met either way. */
function latencyStep(context: Context): Step {
  const { latency, latencyWorst } = context.chain;
  const best = latencyStepOf(context, latency);
  if (best.failure !== undefined || best.gap !== undefined) return best;
  const { failure, gap } = latencyStepOf(context, latencyWorst);
  const hangs = failure ?? gap;
  return hangs === undefined ? {} : { gap: `it hangs on iterations that were dropped: if they were slow, ${hangs}` };
}

function latencyStepOf(context: Context, { metFromMs, last }: LatencySeen): Step {
  const { observed, startMs, topMs, goals } = context;
  if (metFromMs === null) return { gap: 'too few requests to see whether the latency goal was met' };
  const p95 = `p95, with failed requests as slow ones, was`;
  const tookS = secondsOf(metFromMs - (topMs - startMs));
  if (tookS > goals.latencyS)
    return {
      failure:
        last === 'missed'
          ? `${p95} above ${goals.p95Ms} ms to the end of the load, ${tookS} s`
          : `${p95} above ${goals.p95Ms} ms for ${tookS} s, the goal is ${goals.latencyS} s`,
    };
  if (last === 'met') return {};
  const loadedS = secondsOf(untilOf(observed) - topMs);
  return {
    gap:
      last === 'missed'
        ? `${p95} still above ${goals.p95Ms} ms when the load ended after ${loadedS} s`
        : 'too few answers at the end of the load to see whether the latency goal was met',
  };
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
    mark('latency goal met again', chain.latencyWorst.metFromMs, null),
  ];
}

function figuresOf({ chain, goals, observed, spec, startMs, topMs }: Context): Found['figures'] {
  const s = (ms: number | null): number | null => (ms === null ? null : secondsOf(ms));
  const peak = Math.max(0, ...observed.hpa.filter(({ t }) => t >= startMs).map(({ desired }) => desired));
  const { result } = observed.load;
  return [
    { name: 'the load was at its full rate after', value: s(topMs - startMs), unit: 's' },
    { name: 'metric crossed after', value: s(chain.crossedMs), unit: 's' },
    { name: 'more pods desired after', value: s(chain.decidedMs), unit: 's', goal: goals.decisionS },
    { name: 'new pods ready after', value: s(chain.readyMs), unit: 's', goal: goals.readyS },
    {
      name: 'latency goal met again after',
      value: s(chain.latencyWorst.metFromMs),
      unit: 's',
      goal: goals.latencyS,
    },
    {
      name: 'raises that were met',
      value: `${chain.raises.filter(({ metMs }) => metMs !== null).length} of ${chain.raises.length}`,
    },
    { name: 'most pods desired', value: peak, goal: `≤ ${spec.max}` },
    { name: 'failed requests', value: result === null ? null : result.requests.failed },
  ];
}

const shown = (load: number | null): string =>
  load === null ? 'an unknown share' : `${Math.round(load * 100)} %`;
