import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../reports/judge/evidence/need.ts';
import { refusedFigures } from '../../../reports/judge/refused-figures.ts';
import { percentAtLeast, percentDeclared } from '../../../reports/judge/slo/percent.ts';
import { decideShare, sampleOf } from '../../../reports/judge/slo/share.ts';
import type { Findings } from '../../../reports/judge/topology/findings.ts';
import { timesRule } from '../../../reports/judge/telemetry/clocks.ts';
import type { Offset } from '../../../reports/judge/telemetry/clocks.ts';
import { canaryRequestsSent, storeSwept } from './evidence.ts';
import { delayFigures, delaysOf, lossBoundFigure } from './figures.ts';
import {
  arrivalRule,
  comingAfter,
  goalOf,
  canaryRequestsOf,
  isFailed,
  pathOf,
  refusedOf,
  unansweredText,
  wasTold,
} from './observed.ts';
import type { Coming, CanaryRequest } from './observed.ts';
import { faultsOf, ownSpansRule, spanClocks, straysOf, tracesOf, tracesRule } from './trace.ts';
import type { Fault, FoundTrace } from './trace.ts';

/** What became of one request that was answered well. */
interface Followed {
  request: CanaryRequest;
  trace: FoundTrace | undefined;
  faults: readonly Fault[];
  coming: Coming;
  /** When its last span ended, by our clock. */
  endMs: number;
}

type Verdict = 'pass' | 'fail' | 'inconclusive';

/** Traces lost to one disturbance are one event: blocks of time show how they cluster. */
export function shareVerdict(history: History, findings: Findings, followed: readonly Followed[]): Verdict {
  const goal = goalOf(history.header, 'foundRatio');
  // An unseen trace counts neither as found nor as lost: the verdict must hold either way.
  const events = followed.map((one) => ({
    atMs: one.request.sentMs,
    good: isBad(one) ? false : one.coming === 'in time' ? true : null,
  }));
  const { verdict, lower, samplesToDecide, clustering } = decideShare(sampleOf(events), goal);
  findings.figure({
    name: 'share found, lower 95 % bound',
    value: percentAtLeast(lower, 2),
    unit: '%',
    goal: `≥ ${percentDeclared(goal)}`,
  });
  if (clustering.requestsAsOne > 1)
    findings.note(
      `${Math.round(clustering.requestsAsOne * 10) / 10} traces count as one, because they were lost together`,
    );
  if (samplesToDecide !== null) findings.note(`a decision needs ${samplesToDecide} requests in all`);
  return verdict;
}

export function isBad({ faults, coming }: Followed): boolean {
  return faults.length > 0 || coming === 'late';
}

export function judged(
  history: History,
  findings: Findings,
  decide: (followed: readonly Followed[]) => Verdict,
): Judgement {
  const visibleMs = goalOf(history.header, 'visibleSeconds') * 1000;
  const canaries = canaryRequestsOf(history);
  const followed = followedOf(history, canaries);
  evidenceFindings(
    history,
    findings,
    followed.map(({ request }) => request),
  );
  findings.rule('traces');
  conclude(history, findings, { canaries, followed, decide });
  if (followed.length > 0 && followed.every(({ trace }) => (trace?.spans.length ?? 0) === 0))
    findings.note(
      'nothing at all of this run is in the store of traces: maybe another tenant or store has it, or the edge begins traces of its own',
    );
  const whole = followed.filter(({ faults }) => faults.length === 0);
  const delays = delaysOf(
    'traces',
    whole.flatMap(({ trace, endMs }) => (trace?.seenMs == null ? [] : [trace.seenMs - endMs])),
  );
  counts(findings, { canaries, followed });
  for (const figure of [
    ...delayFigures(delays, visibleMs),
    ...lossBoundFigure('traces', followed.length, followed.filter(isBad).length),
  ])
    findings.figure(figure);
  return {
    ...findings.conclude(
      `each request is visible as one trace over the declared services within ${visibleMs / 1000} s`,
    ),
    telemetry: { delays: [delays] },
  };
}

/** Whether what was planned was seen, with times that can be. */
function evidenceFindings(history: History, findings: Findings, good: readonly CanaryRequest[]): void {
  const traces = tracesOf(history);
  tracesRule(history, findings, { good, traces, path: pathOf(history.header) });
  ownSpansRule(findings, traces);
  const times = [...traces.values()].flatMap(({ spans }) => spans.map(({ startMs }) => startMs));
  timesRule(history, findings, [{ kind: 'trace', times }]);
}

/** An incomplete trace counts only if the store answered the final query for it. */
function conclude(
  history: History,
  findings: Findings,
  of: {
    canaries: readonly CanaryRequest[];
    followed: readonly Followed[];
    decide: (followed: readonly Followed[]) => Verdict;
  },
): void {
  const { canaries, followed, decide } = of;
  if (followed.length < canaries.length) findings.note(unansweredText(canaries));
  if (followed.length === 0)
    findings.unknown('canary requests', 'answered well', unansweredText(canaries) || 'none was sent');
  else if (followed.some(({ faults }) => faults.length > 0) && !wasTold(history, 'traces'))
    findings.unknown('traces', 'whole', 'the store did not answer at the end');
  else describe(history, findings, { followed, verdict: decide(followed) });
}

function followedOf(history: History, canaries: readonly CanaryRequest[]): Followed[] {
  const traces = tracesOf(history);
  const path = pathOf(history.header);
  const rule = arrivalRule(history, 'traces');
  const good = canaries.filter(({ ok }) => ok);
  const clocks = spanClocks(good, traces);
  return good.map((request) => {
    const trace = traces.get(request.correlationId);
    const seenMs = trace?.seenMs ?? null;
    const faults = faultsOf(trace, path);
    // Whether it is complete is judged by its faults; only the time is judged here.
    const end = endOf(request, trace, clocks);
    const { sentMs } = request;
    const unseenMs = trace?.unseenMs ?? null;
    const coming: Coming =
      seenMs === null ? 'in time' : comingAfter({ ...end, sentMs, seenMs, unseenMs }, rule);
    return { request, trace, faults, coming, endMs: end.atMs - (end.clock?.offsetMs ?? 0) };
  });
}

/** When the last of its spans ended, and by which clock; null: by one that nobody knows. */
function endOf(
  { sentMs }: CanaryRequest,
  trace: FoundTrace | undefined,
  clocks: ReadonlyMap<string, Offset | null>,
): { atMs: number; clock: Offset | null } {
  let last = { atMs: sentMs, clock: { offsetMs: 0, errorMs: 0, wholeSeconds: false } };
  for (const { service, endMs: atMs } of trace?.spans ?? []) {
    const clock = clocks.get(service);
    if (clock === undefined) continue;
    if (clock === null) return { atMs: sentMs, clock };
    if (atMs - clock.offsetMs > last.atMs - last.clock.offsetMs) last = { atMs, clock };
  }
  return last;
}

/** One finding for each place of the path at which something is lost, worst first. */
function describe(
  history: History,
  findings: Findings,
  { followed, verdict }: { followed: readonly Followed[]; verdict: Verdict },
): void {
  const total = followed.length;
  const bad = followed.filter(isBad).length;
  if (verdict === 'pass') {
    findings.expect('traces', true, 'whole and in time', `${total - bad} of ${total}`);
    return;
  }
  const say = sayer(findings, verdict);
  const strays = straysOf(history);
  const kinds = [...groupsOf(followed).values()].sort((a, b) => b.count - a.count);
  for (const { fault, count } of kinds) {
    const stray = strays.get(fault.service) ?? 0;
    const lost = stray > 0 && fault.what === 'absent' ? LOST_CONTEXT : '';
    say(fault.hop, fault.expected, `${fault.seen} in ${count} of ${total} traces${lost}`);
  }
  const count = (of: Coming): number => followed.filter(({ coming }) => coming === of).length;
  if (count('late') > 0) say('traces', 'seen in time', `${count('late')} of ${total} late`, 'inTime');
  if (count('undecided') > 0)
    findings.unknown(
      'traces',
      'seen in time',
      `${count('undecided')} seen before their requests were sent, or so close to their deadline that the clocks of services are not known well enough`,
    );
  if (count('unseen') > 0)
    findings.unknown(
      'traces',
      'seen in time',
      `${count('unseen')} arrived while the store did not answer, or not soon enough`,
    );
  else if (bad === 0) findings.unknown('traces', 'a sample large enough', `${total} of ${total} whole`);
}

/** A sample that decides nothing makes its failures uncertain, too. */
function sayer(
  findings: Findings,
  verdict: Verdict,
): (subject: string, expected: string, said: string, as?: 'expect' | 'inTime') => void {
  return (subject, expected, said, as = 'expect') =>
    verdict === 'fail'
      ? findings[as](subject, false, expected, said)
      : findings.unknown(subject, expected, said);
}

const LOST_CONTEXT = '; its spans are in a trace of their own: the trace context was lost on the way';

function groupsOf(followed: readonly Followed[]): Map<string, { fault: Fault; count: number }> {
  const found = new Map<string, { fault: Fault; count: number }>();
  for (const fault of followed.flatMap(({ faults }) => faults)) {
    const key = `${fault.hop}|${fault.expected}|${fault.seen}`;
    const before = found.get(key);
    if (before === undefined) found.set(key, { fault, count: 1 });
    else before.count += 1;
  }
  return found;
}

/** Sums that must add up: sent = answered well + failed + refused + unanswered; answered well = whole in time + late + not whole. */
function counts(
  findings: Findings,
  { canaries, followed }: { canaries: readonly CanaryRequest[]; followed: readonly Followed[] },
): void {
  const of = (want: (one: Followed) => boolean): number => followed.filter(want).length;
  const figures = [
    { name: 'requests sent', value: canaries.length },
    { name: 'answered well', value: followed.length },
    {
      name: 'failed',
      value: canaries.filter((one) => isFailed(one) && one.status !== null).length,
    },
    ...refusedFigures(refusedOf(canaries)),
    { name: 'not answered', value: canaries.filter(({ ok, status }) => !ok && status === null).length },
    {
      name: 'whole traces in time',
      value: of(({ faults, coming }) => faults.length === 0 && coming === 'in time'),
    },
    {
      name: 'whole traces, late',
      value: of(({ faults, coming }) => faults.length === 0 && coming !== 'in time'),
    },
    { name: 'traces that are not whole', value: of(({ faults }) => faults.length > 0) },
  ];
  for (const figure of figures) findings.figure(figure);
}

export const tracesEvidence = (header: HistoryHeader): AnyNeed[] => [
  canaryRequestsSent(header),
  storeSwept('traces'),
  need('trace'),
];
