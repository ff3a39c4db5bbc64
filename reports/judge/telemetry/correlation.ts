import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { Findings, goalNumber } from '../topology/findings.ts';
import { delayFigures, delaysOf, overTime } from './figures.ts';
import { arrivalRule, comingOf, markedOf, pathOf, wasTold } from './observed.ts';
import type { Marked } from './observed.ts';
import { pathsShown } from './paths.ts';
import { lostFromDisks, requestLines, twice } from './request-lines.ts';
import type { RequestLine } from './request-lines.ts';

/** telemetry/correlation: every service logs the request, and every line of it carries its trace id. */
export function judgeCorrelation(history: History): Judgement {
  const findings = new Findings(history);
  const visibleMs = goalNumber(history, 'visibleSeconds', 30) * 1000;
  const marked = markedOf(history);
  const good = marked.filter(({ ok }) => ok);
  const bad = marked.filter(({ ok }) => !ok);
  const lines = requestLines(history);
  const byService = Map.groupBy(lines, ({ service }) => service);
  const services = pathOf(history)
    .filter(({ logs }) => logs)
    .map(({ service }) => service);
  if (good.length === 0)
    findings.unknown('marked requests', 'answered well', bad[0]?.detail ?? 'none was sent');
  else {
    if (bad.length > 0)
      findings.unknown(
        'marked requests',
        'all of them answered well',
        `${good.length} of ${marked.length}: ${bad[0]?.detail ?? ''}`,
      );
    for (const service of services)
      serviceFindings(history, findings, { service, good, lines: byService.get(service) ?? [], visibleMs });
  }
  const sent = new Map(good.map((one) => [one.n, one]));
  const delays = delaysOf(
    'log lines of requests',
    lines.flatMap(({ n, seenMs, atMs }) => (sent.has(n) ? [seenMs - atMs] : [])),
  );
  figures(history, findings, { marked, good, lines });
  for (const figure of delayFigures(delays, visibleMs)) findings.figure(figure);
  const series = services.map((service) => {
    const there = new Set((byService.get(service) ?? []).map(({ n }) => n));
    return { name: service, due: good.map(({ n, sentMs }) => ({ atMs: sentMs, arrived: there.has(n) })) };
  });
  return {
    ...findings.conclude(
      `every service of the path logs each request within ${visibleMs / 1000} s, with its trace id`,
    ),
    telemetry: { ...overTime(series, []), delays: [delays], paths: pathsShown(history, marked) },
  };
}

interface ServiceLines {
  service: string;
  good: readonly Marked[];
  lines: readonly RequestLine[];
  visibleMs: number;
}

function serviceFindings(history: History, findings: Findings, of: ServiceLines): void {
  const { service, good, lines } = of;
  const byNumber = Map.groupBy(lines, ({ n }) => n);
  const without = good.filter(({ n }) => !byNumber.has(n));
  const wanted = `a line of each of ${good.length} requests`;
  if (without.length > 0 && !wasTold(history, 'logs')) {
    findings.unknown(`log lines of ${service}`, wanted, 'the store did not answer at the end');
    return;
  }
  findings.expect(
    `log lines of ${service}`,
    without.length === 0,
    wanted,
    without.length === 0 ? `${lines.length} lines` : `none of ${without.length} requests`,
  );
  if (lines.length === 0) return;
  const right = new Map(good.map(({ n, traceId }) => [n, traceId]));
  const own = lines.filter(({ n }) => right.has(n));
  const bare = own.filter(({ traceId }) => traceId === '').length;
  const wrong = own.filter(({ n, traceId }) => traceId !== '' && traceId !== right.get(n)).length;
  findings.expect(
    `trace ids in the lines of ${service}`,
    bare + wrong === 0,
    'that of the request in every line',
    bare + wrong === 0
      ? `in ${own.length} lines`
      : `${bare} of ${own.length} lines carry none, ${wrong} another one`,
  );
  inTime(history, findings, of);
}

function inTime(history: History, findings: Findings, { service, lines, visibleMs }: ServiceLines): void {
  const rule = arrivalRule(history, 'logs', visibleMs);
  const comings = lines.map((line) => comingOf(line, rule));
  const late = comings.filter((one) => one === 'late').length;
  const unseen = comings.filter((one) => one === 'unseen').length;
  const subject = `arrival of the lines of ${service}`;
  const expected = `within ${visibleMs / 1000} s`;
  if (late > 0) findings.expect(subject, false, expected, `${late} of ${lines.length} late`);
  else if (unseen > 0)
    findings.unknown(subject, expected, `${unseen} of ${lines.length} came while the store did not answer`);
  else findings.expect(subject, true, expected, `${lines.length} in time`);
}

function figures(
  history: History,
  findings: Findings,
  of: { marked: readonly Marked[]; good: readonly Marked[]; lines: readonly RequestLine[] },
): void {
  const disks = lostFromDisks(history, of.lines);
  const all = [
    { name: 'requests sent', value: of.marked.length },
    { name: 'answered well', value: of.good.length },
    { name: 'log lines found', value: of.lines.length },
    { name: 'duplicated', value: twice(of.lines) },
    { name: "log lines on the nodes' disks", value: disks.reduce((sum, one) => sum + one.lines, 0) },
    { name: 'of them not in the store', value: disks.reduce((sum, one) => sum + one.lost, 0) },
  ];
  for (const figure of all) findings.figure(figure);
  for (const { service, pod, node, lines, lost } of disks.filter((one) => one.lost > 0))
    findings.note(
      `${lost} of ${lines} lines of ${service} (${pod}) are on the disk of ${node} and not in the store`,
    );
}
