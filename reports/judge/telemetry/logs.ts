import type { History, Observation } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { Findings, goalNumber, seen, text } from '../topology/findings.ts';
import { delayFigures, delaysOf, lossBoundFigure, overTime } from './figures.ts';
import { linesByNode, WRITER } from './lines.ts';
import type { NodeLines } from './lines.ts';
import { blindOf, declaredOf, faultWindows, linesPlan, markedOf, unlanded, wasTold } from './observed.ts';
import { lostFromDisks, requestLines, twice } from './request-lines.ts';
import type { Lost } from './request-lines.ts';

/** Missing numbers that are named. */
const MOST_NAMED = 5;

/** telemetry/logs/canary: every numbered line of every node is in the store in time. */
export function judgeLogs(history: History): Judgement {
  const findings = new Findings(history);
  return judgeLines(history, findings, []);
}

/** telemetry/logs/under-fault: the same, and every line of a marked request, while a store was hurt. */
export function judgeLogsUnderFault(history: History): Judgement {
  const findings = new Findings(history);
  const why = unlanded(history);
  if (why !== null) findings.unknown('the fault', 'landed', why);
  const stored = requestLines(history);
  const lost = lostFromDisks(history, stored);
  unreadFindings(history, findings);
  const marked = markedOf(history);
  findings.figure({ name: 'marked requests', value: marked.length });
  findings.figure({ name: 'of them answered well', value: marked.filter(({ ok }) => ok).length });
  findings.figure({
    name: "their lines on the nodes' disks",
    value: lost.reduce((sum, one) => sum + one.lines, 0),
  });
  findings.figure({ name: 'their lines in the store', value: stored.length });
  findings.figure({ name: 'their lines that are there twice', value: twice(stored) });
  if (why === null && lost.length === 0)
    findings.unknown('lines of marked requests', "on the nodes' disks", 'no line was found there');
  return judgeLines(history, findings, lost);
}

/** A log of a service that could not be read may hold lines that the store does not. Writers of lines are held against the plan. */
function unreadFindings(history: History, findings: Findings): void {
  for (const one of seen(history, 'disk-unread').filter((each) => text(each, 'container') !== WRITER))
    findings.unknown(
      `lines of ${text(one, 'container')} (${text(one, 'pod')} on node ${text(one, 'node')})`,
      'every line of a marked request in the store',
      `its log cannot be read: ${text(one, 'reason')}`,
    );
}

function judgeLines(history: History, findings: Findings, lost: readonly Lost[]): Judgement {
  const visibleMs = goalNumber(history, 'visibleSeconds', 30) * 1000;
  const nodes = linesByNode(history, visibleMs);
  const sum = (of: (one: NodeLines) => number): number => nodes.reduce((total, one) => total + of(one), 0);
  const missing = sum((one) => one.missing.length) + lost.reduce((total, one) => total + one.lost, 0);
  const tolerated = missing <= goalNumber(history, 'missing', 0);
  for (const one of nodes) nodeFinding(history, findings, one, tolerated);
  for (const one of lost) lostFinding(history, findings, one, tolerated);
  duplicates(history, findings, {
    duplicated: sum((one) => one.duplicated),
    arrived: sum((one) => one.arrived),
  });
  if (nodes.length > 0 && nodes.some(({ counted }) => !counted))
    findings.note('the disks of some nodes were not read: there the plan says what must have arrived');
  const delays = delaysOf(
    'log lines',
    nodes.flatMap((one) => one.delays),
  );
  const figures = [
    { name: 'lines written', value: sum((one) => one.expected) },
    { name: 'arrived', value: sum((one) => one.arrived) },
    { name: 'missing', value: missing, goal: goalNumber(history, 'missing', 0) },
    { name: 'late', value: sum((one) => one.late) },
    ...(sum((one) => one.heldUp) === 0
      ? []
      : [{ name: 'held up while their node was away', value: sum((one) => one.heldUp) }]),
    { name: 'duplicated', value: sum((one) => one.duplicated) },
    { name: 'out of order', value: sum((one) => one.outOfOrder) },
    ...delayFigures(delays, visibleMs),
    ...lossBoundFigure(
      'lines',
      sum((one) => one.expected),
      missing,
    ),
  ];
  for (const figure of figures) findings.figure(figure);
  const shaded = blindOf(history, 'logs').map((one) => ({ ...one, name: 'the store did not answer' }));
  const series = [{ name: 'log lines', due: nodes.flatMap((one) => one.due) }];
  return {
    ...findings.conclude(
      `every line visible within ${visibleMs / 1000} s; missing ${goalNumber(history, 'missing', 0)}`,
    ),
    telemetry: { ...overTime(series, [...faultWindows(history), ...shaded]), delays: [delays], paths: [] },
  };
}

function nodeFinding(history: History, findings: Findings, of: NodeLines, tolerated: boolean): void {
  const subject = `lines of node ${of.node}`;
  const expected = 'every line in the store, in time';
  const why = unknownOf(history, of);
  if (why !== null) {
    findings.unknown(subject, expected, why);
    return;
  }
  const ok = of.late === 0 && (of.missing.length === 0 || tolerated);
  findings.expect(subject, ok, expected, `${countText(of)}${ok ? '' : `, ${stageOf(history, of)}`}`);
}

/** Why nothing can be said of a node; null: something can. */
function unknownOf(history: History, of: NodeLines): string | null {
  if (of.silent !== null) return of.silent;
  if (of.missing.length > 0)
    return wasTold(history, 'logs')
      ? null
      : `${of.arrived} of ${of.expected} before the store did not answer any more`;
  if (of.late > 0) return null;
  if (of.unseen > 0) return `${of.unseen} of ${of.expected} came while the store did not answer`;
  const { count } = linesPlan(history);
  return of.counted && of.expected < count
    ? `its disk holds ${of.expected} of the ${count} lines that its pod was to write`
    : null;
}

function countText({ arrived, expected, counted, missing, late, heldUp }: NodeLines): string {
  const lost = missing.length === 0 ? '' : `, ${missing.length} missing (${named(missing)})`;
  const held = heldUp === 0 ? '' : `, ${heldUp} held up while the node was away`;
  return `${arrived} of ${expected}${counted ? ' on its disk' : ''} arrived${lost}${late > 0 ? `, ${late} late` : ''}${held}`;
}

function lostFinding(history: History, findings: Findings, of: Lost, tolerated: boolean): void {
  const subject = `lines of ${of.service} (${of.pod} on node ${of.node})`;
  if (of.lost > 0 && !wasTold(history, 'logs')) {
    findings.unknown(subject, 'every line in the store', 'the store did not answer at the end');
    return;
  }
  const ok = of.lost === 0 || tolerated;
  const said = `${of.lines - of.lost} of ${of.lines} on its disk arrived${ok ? '' : `, ${shipperOn(history, of.node)}`}`;
  findings.expect(subject, ok, 'every line of a marked request in the store', said);
}

/** Where they were lost or held up: what is on the disk and not in the store was lost by what lies between. */
function stageOf(history: History, { node, counted, missing }: NodeLines): string {
  const what = missing.length > 0 ? 'lost' : 'held up';
  const where = `${what} ${counted ? 'between the disk and the store' : 'on the node or behind it'}`;
  return `${where}: ${shipperOn(history, node)}`;
}

function shipperOn(history: History, node: string): string {
  const { shipper } = declaredOf(history).logs ?? {};
  if (shipper === undefined) return `what ships the lines of ${node}, or the store`;
  const name = `${shipper.daemonSet.namespace}/${shipper.daemonSet.name}`;
  const pods = seen(history, 'shipper').filter((one) => text(one, 'node') === node);
  if (pods.length === 0) return `DaemonSet ${name} has no pod on ${node}`;
  const ready = pods.some((one) => one['ready'] === true);
  return `the shipper ${nameOf(pods[0])} on ${node}, which is ${ready ? 'ready' : 'not ready'}, or the store`;
}

function duplicates(
  history: History,
  findings: Findings,
  { duplicated, arrived }: { duplicated: number; arrived: number },
): void {
  const most = goalNumber(history, 'duplicatedRatio', 1);
  if (duplicated === 0 || most >= 1) return;
  const ratio = duplicated / Math.max(1, arrived);
  findings.expect(
    'lines that are there twice',
    ratio <= most,
    `at most ${most * 100} % of the lines`,
    `${duplicated} duplicated`,
  );
}

function named(numbers: readonly number[]): string {
  const shown = numbers.slice(0, MOST_NAMED).join(', ');
  return numbers.length > MOST_NAMED ? `${shown}, …` : shown;
}

function nameOf(pod: Observation | undefined): string {
  return pod === undefined ? '' : text(pod, 'pod');
}
