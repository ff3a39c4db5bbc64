import type { History } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';
import { all } from '../../../reports/judge/observed.ts';
import { percentDeclared } from '../../../reports/judge/slo/percent.ts';
import type { Findings } from '../../../reports/judge/topology/findings.ts';
import { offsetsOf, timesRule } from '../../../reports/judge/telemetry/clocks.ts';
import { delayFigures, delaysOf, lossBoundFigure } from './figures.ts';
import { countedRule, linesByNode, nodesOf, nodesRule, numbersRule } from './lines.ts';
import type { NodeLines } from './lines.ts';
import { declaredOf, goalOf, planOf, sweptRule, wasTold } from './observed.ts';
import { requestLines, requestLinesRule } from './request-lines.ts';
import type { Held } from './request-lines.ts';

/** Most missing numbers that a finding names. */
const MOST_NAMED = 5;

export function judgeLines(history: History, findings: Findings, held: readonly Held[]): Judgement {
  const { header } = history;
  const visibleMs = goalOf(header, 'visibleSeconds') * 1000;
  const most = goalOf(header, 'missing');
  evidenceFindings(history, findings);
  const stored = all(history, 'line').length + all(history, 'request-line').length;
  const nodes = linesByNode(history, offsetsOf(history, findings, nodesOf(history)));
  const sum = (of: (one: NodeLines) => number): number => nodes.reduce((total, one) => total + of(one), 0);
  const missing = sum((one) => one.missing.length) + held.reduce((total, one) => total + one.lost, 0);
  findings.rule('lines');
  for (const one of nodes) nodeFinding(history, findings, one, missing <= most);
  findings.rule('lines-of-requests');
  for (const one of held) heldFinding(history, findings, one, missing <= most);
  duplicates(history, findings, {
    duplicated: sum((one) => one.duplicated),
    arrived: sum((one) => one.arrived),
  });
  if (nodes.some(({ counted }) => !counted))
    findings.note(
      'the disks of some nodes were not read: for these nodes all planned lines must have arrived',
    );
  if (stored === 0) findings.note(NOTHING_THERE);
  const delays = delaysOf(
    'log lines',
    nodes.flatMap((one) => one.delays),
  );
  const expected = sum((one) => one.expected);
  const heldUp = sum((one) => one.heldUp);
  const figures = [
    { name: 'lines written', value: expected },
    { name: 'arrived', value: sum((one) => one.arrived) },
    { name: 'missing', value: missing, goal: most },
    { name: 'late', value: sum((one) => one.late) },
    ...(heldUp === 0 ? [] : [{ name: 'held up while their node was away', value: heldUp }]),
    { name: 'duplicated', value: sum((one) => one.duplicated) },
    { name: 'out of order', value: sum((one) => one.outOfOrder) },
    ...delayFigures(delays, visibleMs),
    ...lossBoundFigure('lines', expected, missing),
  ];
  for (const figure of figures) findings.figure(figure);
  return {
    ...findings.conclude(`every line visible within ${visibleMs / 1000} s; missing ${most}`),
    telemetry: { delays: [delays] },
  };
}

/** Some products answer a question for another tenant's data with nothing. */
export const NOTHING_THERE =
  'nothing at all that was looked for is in the store of logs: maybe another tenant or index has it (telemetry.logs.url, telemetry.logs.index)';

/** Whether what was planned was seen, of machines whose times can be compared. */
function evidenceFindings(history: History, findings: Findings): void {
  nodesRule(history, findings);
  numbersRule(history, findings);
  countedRule(history, findings);
  sweptRule(history, findings, 'logs');
  requestLinesRule(history, findings, { sent: all(history, 'canary-request'), lines: requestLines(history) });
  const disks = all(history, 'disk').flatMap(({ series, requests }) => [...series, ...requests]);
  timesRule(history, findings, [
    { kind: 'line', times: all(history, 'line').map(({ atMs }) => atMs) },
    { kind: 'request-line', times: all(history, 'request-line').map(({ atMs }) => atMs) },
    { kind: 'disk', times: disks.flatMap((one) => one.lines.map(([, atMs]) => atMs)) },
  ]);
}

function nodeFinding(history: History, findings: Findings, of: NodeLines, tolerated: boolean): void {
  const subject = `lines of node ${of.node}`;
  const expected = 'every line in the store, in time';
  const why = unknownOf(history, of);
  if (why !== null) {
    findings.unknown(subject, expected, why);
    return;
  }
  const there = of.missing.length === 0 || tolerated;
  const ok = of.late === 0 && there;
  const said = `${countText(of)}${ok ? '' : `, ${stageOf(history, of)}`}`;
  if (there) findings.inTime(subject, ok, expected, said);
  else findings.expect(subject, false, expected, said);
}

/** Why a node cannot be judged; null: it can. */
function unknownOf(history: History, of: NodeLines): string | null {
  if (of.silent !== null) return of.silent;
  if (wasCut(history, of))
    return `the node went, and of the lines behind number ${of.last} nobody knows whether they were written`;
  if (of.missing.length > 0 && !wasTold(history, 'logs'))
    return `${of.arrived} of ${of.expected} had arrived when the store stopped answering`;
  if (of.missing.length + of.late > 0) return null;
  if (of.unseen > 0)
    return `${of.unseen} of ${of.expected} arrived while the store did not answer, or not soon enough`;
  if (of.undecided > 0)
    return `${of.undecided} of ${of.expected} arrived so close to their deadline that the node's clock is not known well enough to tell`;
  const count = planOf(history.header).lines;
  return of.counted && of.expected < count
    ? `its disk holds ${of.expected} of the ${count} lines that its pod had to write`
    : null;
}

/** Only its last lines are missing, its disk was not read, and the DaemonSet that has a pod on each node has none there any more. */
function wasCut(history: History, { node, counted, missing, last }: NodeLines): boolean {
  const shippers = all(history, 'shipper');
  const isGone = !counted && shippers.length > 0 && !shippers.some((one) => one.node === node);
  return isGone && missing.length > 0 && missing.every((n) => n > last);
}

function countText({ arrived, expected, counted, missing, late, heldUp }: NodeLines): string {
  const lost = missing.length === 0 ? '' : `, ${missing.length} missing (${named(missing)})`;
  const held = heldUp === 0 ? '' : `, ${heldUp} held up while the node was away`;
  return `${arrived} of ${expected}${counted ? ' on its disk' : ''} arrived${lost}${late > 0 ? `, ${late} late` : ''}${held}`;
}

function heldFinding(history: History, findings: Findings, of: Held, tolerated: boolean): void {
  const subject = `lines of ${of.service} (${of.pod} on node ${of.node})`;
  if (of.lost > 0 && !wasTold(history, 'logs')) {
    findings.unknown(subject, 'every line in the store', 'the store did not answer at the end');
    return;
  }
  const ok = of.lost === 0 || tolerated;
  if (ok && of.unplaced > 0) {
    findings.unknown(
      subject,
      'every line in the store, with its pod',
      `${of.unplaced} of ${of.lines} are there in records that name no pod (telemetry.logs.fields.pod.source)`,
    );
    return;
  }
  const young = of.young === 0 ? '' : `, ${of.young} were written too late to be there`;
  const said = `${of.lines - of.lost - of.young} of ${of.lines} on its disk arrived${young}${ok ? '' : `, ${shipperOn(history, of.node)}`}`;
  findings.expect(subject, ok, 'every line of a canary request in the store', said);
}

/** The stage that lost or delayed lines: what is on the disk and not in the store was lost between the two. */
function stageOf(history: History, { node, counted, missing }: NodeLines): string {
  const what = missing.length > 0 ? 'lost' : 'held up';
  const where = `${what} ${counted ? 'between the disk and the store' : 'on the node or behind it'}`;
  return `${where}: ${shipperOn(history, node)}`;
}

function shipperOn(history: History, node: string): string {
  const { shipper } = declaredOf(history.header).logs ?? {};
  if (shipper === undefined) return `the log shipper of ${node}, or the store`;
  const name = `${shipper.daemonSet.namespace}/${shipper.daemonSet.name}`;
  const pods = all(history, 'shipper').filter((one) => one.node === node);
  const [first] = pods;
  if (first === undefined) return `DaemonSet ${name} has no pod on ${node}`;
  const ready = pods.some((one) => one.ready);
  return `the shipper ${first.pod} on ${node}, which is ${ready ? 'ready' : 'not ready'}, or the store`;
}

function duplicates(
  history: History,
  findings: Findings,
  { duplicated, arrived }: { duplicated: number; arrived: number },
): void {
  const most = goalOf(history.header, 'duplicatedRatio');
  if (duplicated === 0) return;
  const ratio = duplicated / Math.max(1, arrived);
  if (ratio <= most && most >= 1)
    findings.note(
      `${duplicated} lines are in the store more than once: one copy of each is not judged, since the goal duplicatedRatio allows it`,
    );
  findings.rule('duplicates');
  findings.expect(
    'lines that are in the store twice',
    ratio <= most,
    `at most ${percentDeclared(most)} % of the lines`,
    `${duplicated} duplicated`,
  );
}

function named(numbers: readonly number[]): string {
  const shown = numbers.slice(0, MOST_NAMED).join(', ');
  return numbers.length > MOST_NAMED ? `${shown}, …` : shown;
}
