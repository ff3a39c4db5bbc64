import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { decideProportion } from '../statistics.ts';
import { Findings, goalNumber, seen, text } from '../topology/findings.ts';
import { delayFigures, delaysOf, lossBoundFigure, overTime } from './figures.ts';
import {
  arrivalRule,
  blindOf,
  comingOf,
  faultWindows,
  markedOf,
  pathOf,
  unlanded,
  wasTold,
} from './observed.ts';
import type { Coming, Marked } from './observed.ts';
import { pathsShown } from './paths.ts';
import { requestLines } from './request-lines.ts';
import { faultsOf, straysOf, tracesOf } from './trace.ts';
import type { Fault, FoundTrace } from './trace.ts';

/** What became of one request that was answered well. */
interface Followed {
  request: Marked;
  trace: FoundTrace | undefined;
  faults: Fault[];
  coming: Coming;
}

/** telemetry/traces/canary: every one of a few requests is answered well, and one whole trace in time. */
export function judgeTraces(history: History): Judgement {
  const findings = new Findings(history);
  return judged(history, findings, (followed) => {
    const bad = followed.filter(isBad);
    const allowed = goalNumber(history, 'missing', 0);
    if (bad.length > allowed) return 'fail';
    const sent = markedOf(history).length;
    if (followed.length < sent)
      findings.unknown('marked requests', 'all of them answered well', `${followed.length} of ${sent}`);
    return followed.some(({ coming }) => coming === 'unseen') ? 'inconclusive' : 'pass';
  });
}

/** telemetry/traces/complete: so large a share of them that the sample bears it out. */
export function judgeComplete(history: History): Judgement {
  const findings = new Findings(history);
  return judged(history, findings, (followed) => shareVerdict(history, findings, followed));
}

/** telemetry/traces/under-fault: the same of those that were accepted while a store was hurt. */
export function judgeTracesUnderFault(history: History): Judgement {
  const findings = new Findings(history);
  const why = unlanded(history);
  if (why !== null) findings.unknown('the fault', 'landed', why);
  return judged(history, findings, (followed) => shareVerdict(history, findings, followed));
}

type Verdict = 'pass' | 'fail' | 'inconclusive';

function shareVerdict(history: History, findings: Findings, followed: readonly Followed[]): Verdict {
  const goal = goalNumber(history, 'foundRatio', 0.99);
  // What nobody could see in time is neither: it leaves the sample, and the sample says less.
  const known = followed.filter(({ coming, faults }) => coming !== 'unseen' || faults.length > 0);
  const good = known.filter((one) => !isBad(one)).length;
  const { verdict, lower, samplesToDecide } = decideProportion(good, known.length, goal);
  findings.figure({
    name: 'share found, lower 95 % bound',
    value: Number((lower * 100).toFixed(2)),
    unit: '%',
    goal: `≥ ${goal * 100}`,
  });
  if (samplesToDecide !== null) findings.note(`${samplesToDecide} requests in all would decide`);
  return verdict;
}

function isBad({ faults, coming }: Followed): boolean {
  return faults.length > 0 || coming === 'late';
}

function judged(
  history: History,
  findings: Findings,
  decide: (followed: readonly Followed[]) => Verdict,
): Judgement {
  const visibleMs = goalNumber(history, 'visibleSeconds', 30) * 1000;
  const marked = markedOf(history);
  const followed = followedOf(history, marked, visibleMs);
  conclude(history, findings, { marked, followed, decide });
  for (const stub of seen(history, 'stubbed'))
    findings.note(`${text(stub, 'what')} follows its documentation and was never tried against it (stubbed)`);
  const whole = followed.filter(({ faults }) => faults.length === 0);
  const delays = delaysOf(
    'traces',
    whole.flatMap(({ request, trace }) => (trace?.seenMs == null ? [] : [trace.seenMs - request.sentMs])),
  );
  counts(history, findings, { marked, followed });
  for (const figure of [
    ...delayFigures(delays, visibleMs),
    ...lossBoundFigure('traces', followed.length, followed.filter(isBad).length),
  ])
    findings.figure(figure);
  const series = [
    { name: 'traces', due: followed.map((one) => ({ atMs: one.request.sentMs, arrived: !isBad(one) })) },
    { name: 'answered', due: marked.map(({ sentMs, ok }) => ({ atMs: sentMs, arrived: ok })) },
  ];
  const blind = blindOf(history, 'traces').map((one) => ({ ...one, name: 'the store did not answer' }));
  return {
    ...findings.conclude(`one request is one trace over the declared services within ${visibleMs / 1000} s`),
    telemetry: {
      ...overTime(series, [...faultWindows(history), ...blind]),
      delays: [delays],
      paths: pathsShown(history, marked),
    },
  };
}

/** What is not whole counts only where the store was asked for it at the end. */
function conclude(
  history: History,
  findings: Findings,
  of: {
    marked: readonly Marked[];
    followed: readonly Followed[];
    decide: (followed: readonly Followed[]) => Verdict;
  },
): void {
  const { marked, followed, decide } = of;
  if (followed.length < marked.length) findings.note(refusals(marked));
  if (followed.length === 0)
    findings.unknown('marked requests', 'answered well', refusals(marked) || 'none was sent');
  else if (followed.some(({ faults }) => faults.length > 0) && !wasTold(history, 'traces'))
    findings.unknown('traces', 'whole', 'the store did not answer at the end');
  else describe(history, findings, { followed, verdict: decide(followed) });
}

function followedOf(history: History, marked: readonly Marked[], visibleMs: number): Followed[] {
  const traces = tracesOf(history);
  const path = pathOf(history);
  const rule = arrivalRule(history, 'traces', visibleMs);
  return marked
    .filter(({ ok }) => ok)
    .map((request) => {
      const trace = traces.get(request.mark);
      const seenMs = trace?.seenMs ?? null;
      const faults = faultsOf(trace, path);
      // Never whole is for its faults to say, when it was seen is for this.
      const coming: Coming = seenMs === null ? 'in time' : comingOf({ atMs: request.sentMs, seenMs }, rule);
      return { request, trace, faults, coming };
    });
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
    const lost = stray > 0 && fault.seen.startsWith('no span') ? LOST_CONTEXT : '';
    say(fault.hop, fault.expected, `${fault.seen} in ${count} of ${total} traces${lost}`);
  }
  const count = (of: Coming): number => followed.filter(({ coming }) => coming === of).length;
  if (count('late') > 0) say('traces', 'seen in time', `${count('late')} of ${total} late`);
  if (count('unseen') > 0)
    findings.unknown('traces', 'seen in time', `${count('unseen')} came while the store did not answer`);
  else if (bad === 0) findings.unknown('traces', 'a sample large enough', `${total} of ${total} whole`);
}

/** Of a sample that decides nothing, what is not as it should be is not certain either. */
function sayer(
  findings: Findings,
  verdict: Verdict,
): (subject: string, expected: string, said: string) => void {
  return (subject, expected, said) =>
    verdict === 'fail'
      ? findings.expect(subject, false, expected, said)
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

/** Sums that must add up: sent = answered well + refused + unanswered; answered well = whole in time + late + not whole. */
function counts(
  history: History,
  findings: Findings,
  { marked, followed }: { marked: readonly Marked[]; followed: readonly Followed[] },
): void {
  const of = (want: (one: Followed) => boolean): number => followed.filter(want).length;
  const figures = [
    { name: 'requests sent', value: marked.length },
    { name: 'answered well', value: followed.length },
    { name: 'refused', value: marked.filter(({ ok, status }) => !ok && status !== null).length },
    { name: 'not answered', value: marked.filter(({ ok, status }) => !ok && status === null).length },
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
  const stored = requestLines(history);
  if (stored.length === 0 && seen(history, 'disk').length === 0) return;
  findings.figure({ name: 'requests with correlated lines', value: correlated(history, followed, stored) });
}

/** Requests of which every service that logs has a line, and every line their trace id. */
function correlated(
  history: History,
  followed: readonly Followed[],
  stored: ReturnType<typeof requestLines>,
): number {
  const services = pathOf(history)
    .filter(({ logs }) => logs)
    .map(({ service }) => service);
  const byNumber = Map.groupBy(stored, ({ n }) => n);
  return followed.filter(({ request }) => {
    const own = byNumber.get(request.n) ?? [];
    const all = services.every((service) => own.some((line) => line.service === service));
    return all && own.every(({ traceId }) => traceId === request.traceId);
  }).length;
}

function refusals(marked: readonly Marked[]): string {
  const bad = marked.filter(({ ok }) => !ok);
  return bad.length === 0 ? '' : `${bad.length} of ${marked.length} were not: ${bad[0]?.detail ?? ''}`;
}
