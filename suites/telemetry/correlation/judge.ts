import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import { offsetsBy, timesRule } from '../../../reports/judge/telemetry/clocks.ts';
import type { Offset } from '../../../reports/judge/telemetry/clocks.ts';
import { canaryRequestsSent, storeSwept } from '../_judge/evidence.ts';
import { delayFigures, delaysOf } from '../_judge/figures.ts';
import {
  arrivalRule,
  comingAfter,
  goalOf,
  canaryRequestsOf,
  pathOf,
  refusedOf,
  sweptRule,
  unansweredText,
  wasTold,
} from '../_judge/observed.ts';
import type { CanaryRequest, Hop } from '../_judge/observed.ts';
import { refusedFigures } from '../../../reports/judge/refused-figures.ts';
import { requestLines, requestLinesRule } from '../_judge/request-lines.ts';
import type { RequestLine } from '../_judge/request-lines.ts';
import { Findings } from '../../../reports/judge/topology/findings.ts';
import type { History } from '../../../reports/record/history/history.ts';
import { lineNameOf, loggedNameOf } from '../../../reports/record/names/path-names.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';

/** telemetry/correlation: every service logs the request, and every line of it carries its trace id. */
function judgeCorrelation(history: History): Judgement {
  const findings = new Findings(history);
  const visibleMs = goalOf(history.header, 'visibleSeconds') * 1000;
  const canaries = canaryRequestsOf(history);
  const good = canaries.filter(({ ok }) => ok);
  const lines = requestLines(history);
  evidenceFindings(history, findings, { canaries, lines });
  const byService = Map.groupBy(lines, ({ service }) => service);
  const hops = pathOf(history.header).filter(({ logs }) => logs);
  const linesOf = (hop: Hop): readonly RequestLine[] => byService.get(loggedNameOf(hop)) ?? [];
  answeredFindings(findings, { good, canaries });
  const clocks = clocksOf(good, lines);
  const of = { good, clocks, visibleMs };
  if (good.length > 0)
    for (const hop of judgedHops(history, findings, { hops, lines }))
      serviceFindings(history, findings, { ...of, service: lineNameOf(hop), lines: linesOf(hop) });
  copies(findings, lines);
  const delays = delaysOf(
    'log lines of requests',
    lines.flatMap(({ pod, atMs, seenMs }) => {
      const clock = clocks.get(pod);
      return clock == null ? [] : [seenMs - atMs + clock.offsetMs];
    }),
  );
  const figures = [
    { name: 'requests sent', value: canaries.length },
    { name: 'answered well', value: good.length },
    ...refusedFigures(refusedOf(canaries)),
    { name: 'log lines found', value: lines.length },
    ...delayFigures(delays, visibleMs),
  ];
  for (const figure of figures) findings.figure(figure);
  return {
    ...findings.conclude(
      `every service of the path logs each request within ${visibleMs / 1000} s, with its trace id`,
    ),
    telemetry: { delays: [delays] },
  };
}

function answeredFindings(
  findings: Findings,
  { good, canaries }: { good: readonly CanaryRequest[]; canaries: readonly CanaryRequest[] },
): void {
  const why = unansweredText(canaries);
  if (good.length === 0) findings.unknown('canary requests', 'answered well', why || 'none was sent');
  else if (good.length < canaries.length)
    findings.unknown(
      'canary requests',
      'all of them answered well',
      `${good.length} of ${canaries.length}: ${why}`,
    );
}

/** Services whose lines can be judged: none where lines are found by trace ids alone, and none is. */
function judgedHops(
  history: History,
  findings: Findings,
  { hops, lines }: { hops: readonly Hop[]; lines: readonly RequestLine[] },
): readonly Hop[] {
  if (!isTraced(history)) return hops;
  findings.note('lines were found by their trace ids: lines of a request that carry none are not seen');
  if (lines.length > 0) return hops;
  findings.unknown('log lines of requests', 'some of any service', noneTraced(history));
  return [];
}

/** Requests were recognised by their trace ids alone, and so were their lines. */
const isTraced = ({ header }: History): boolean => header.settings.application?.follow === 'trace';

/** Of no service at all: that nobody writes the id is as likely as that it is looked for in the wrong place. */
function noneTraced(history: History): string {
  return wasTold(history, 'logs')
    ? 'none in the store has the trace id of a request: the edge begins another trace, telemetry.logs.fields.traceId is another, or no service writes it'
    : 'the store did not answer at the end';
}

/** Whether the store answered to the end, with log lines of services on the path only. */
function evidenceFindings(
  history: History,
  findings: Findings,
  { canaries, lines }: { canaries: readonly CanaryRequest[]; lines: readonly RequestLine[] },
): void {
  sweptRule(history, findings, 'logs');
  // Trace ids are left out here: this check's own rules judge them.
  requestLinesRule(history, findings, { sent: canaries.map((one) => ({ ...one, traceId: '' })), lines });
  timesRule(history, findings, [{ kind: 'request-line', times: lines.map(({ atMs }) => atMs) }]);
}

interface ServiceLines {
  /** How findings call it. */
  service: string;
  good: readonly CanaryRequest[];
  lines: readonly RequestLine[];
  /** Of the pods. */
  clocks: ReadonlyMap<string, Offset | null>;
  visibleMs: number;
}

function serviceFindings(history: History, findings: Findings, of: ServiceLines): void {
  findings.rule('lines');
  const { service, good, lines } = of;
  const byNumber = Map.groupBy(lines, ({ n }) => n);
  const without = good.filter(({ n }) => !byNumber.has(n));
  const wanted = `a line of each of ${good.length} requests${isTraced(history) ? ', with its trace id' : ''}`;
  if (without.length > 0 && !wasTold(history, 'logs')) {
    findings.unknown(`log lines of ${service}`, wanted, 'the store did not answer at the end');
    return;
  }
  findings.expect(
    `log lines of ${service}`,
    without.length === 0,
    wanted,
    without.length === 0 ? `${lines.length} lines` : `none for ${without.length} of them`,
  );
  if (lines.length === 0) return;
  const right = new Map(good.map(({ n, traceId }) => [n, traceId]));
  const own = lines.filter(({ n }) => right.has(n));
  const bare = own.filter(({ traceId }) => traceId === '').length;
  const wrong = own.filter(({ n, traceId }) => traceId !== '' && traceId !== right.get(n)).length;
  findings.expect(
    `trace ids in the lines of ${service}`,
    bare + wrong === 0,
    'the trace id of the request in every line',
    bare + wrong === 0
      ? `in ${own.length} lines`
      : `${bare} of ${own.length} lines carry none, ${wrong} carry another one`,
  );
  inTime(history, findings, { ...of, lines: own });
}

/** A service may log a request twice within a millisecond, but not each service each request: then the store has each line more than once. */
function copies(findings: Findings, lines: readonly RequestLine[]): void {
  const same = Map.groupBy(lines, ({ n, service, pod, atMs }) => [n, service, pod, atMs].join('|'));
  if (lines.length === same.size) return;
  const alone = [...same.values()].filter((own) => own.length === 1).length;
  findings.rule('duplicates');
  if (alone === 0)
    findings.expect(
      'log lines of requests',
      false,
      'each there once',
      `${lines.length} of ${same.size} times`,
    );
  else
    findings.note(
      `${lines.length - same.size} lines have the time, pod and request of another: whether these are copies was not judged`,
    );
}

/** Clocks of the pods, by what their lines tell. */
function clocksOf(
  good: readonly CanaryRequest[],
  lines: readonly RequestLine[],
): ReadonlyMap<string, Offset | null> {
  const sent = new Map(good.map(({ n, sentMs }) => [n, sentMs]));
  return offsetsBy(
    lines.flatMap(({ n, pod, atMs, seenMs }) => {
      const sentMs = sent.get(n);
      return sentMs === undefined ? [] : [{ by: pod, atMs, sentMs, seenMs }];
    }),
  );
}

/** Delay since the line was written: a service may log a request long after it was sent. */
function inTime(
  history: History,
  findings: Findings,
  { service, good, lines, clocks, visibleMs }: ServiceLines,
): void {
  const rule = arrivalRule(history, 'logs');
  const sent = new Map(good.map(({ n, sentMs }) => [n, sentMs]));
  const comings = lines.map(({ n, pod, atMs, seenMs }) =>
    comingAfter({ sentMs: sent.get(n) ?? Infinity, atMs, seenMs, clock: clocks.get(pod) ?? null }, rule),
  );
  findings.rule('arrival');
  const count = (of: string): number => comings.filter((one) => one === of).length;
  const subject = `arrival of the lines of ${service}`;
  const expected = `within ${visibleMs / 1000} s`;
  if (count('late') > 0)
    findings.expect(subject, false, expected, `${count('late')} of ${lines.length} late`);
  else if (count('unseen') > 0)
    findings.unknown(
      subject,
      expected,
      `${count('unseen')} of ${lines.length} came while the store did not answer`,
    );
  else if (count('undecided') > 0)
    findings.unknown(
      subject,
      expected,
      `${count('undecided')} of ${lines.length} were seen before their request was sent, or so close to their deadline that the clock of their pod is not known well enough`,
    );
  else findings.expect(subject, true, expected, `${lines.length} in time`);
}

export const judge: CheckJudge = {
  judge: judgeCorrelation,
  evidence: (header) => [canaryRequestsSent(header), storeSwept('logs'), need('request-line')],
};
