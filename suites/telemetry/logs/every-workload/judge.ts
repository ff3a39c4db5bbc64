import { sumOf } from '../../../../reports/judge/count.ts';
import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { need } from '../../../../reports/judge/evidence/need.ts';
import { all } from '../../../../reports/judge/observed.ts';
import { offsetsOf } from '../../../../reports/judge/telemetry/clocks.ts';
import { nodesWriting } from '../../_judge/evidence.ts';
import { nodesOf, nodesRule } from '../../_judge/lines.ts';
import { goalOf } from '../../_judge/observed.ts';
import { exemption, nameOf } from '../../../../reports/judge/topology/declared.ts';
import type { DeclaredWorkload } from '../../../../reports/judge/topology/declared.ts';
import { NOTHING_THERE } from '../../_judge/logs.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';

type Recent = Seen<'recent'>;

const EXPECTED = 'its last lines in the store';

/** telemetry/logs/every-workload: recent lines of each workload's pods, old enough to have arrived, are in the store. */
function judgeWorkloads(history: History): Judgement {
  const findings = new Findings(history);
  const recent = all(history, 'recent');
  nodesRule(history, findings);
  offsetsOf(history, findings, [...new Set([...nodesOf(history), ...recent.map(({ node }) => node)])].sort());
  const most = goalOf(history.header, 'missing');
  const lost = sumOf(recent.filter(isCertain), ({ lines, found }) => lines - found);
  const notes: Notes = { earlier: [], exempt: [], silent: [], elsewhere: [] };
  for (const workload of history.header.settings.workloads ?? [])
    workloadFindings(history, findings, { workload, tolerated: lost <= most, notes });
  if (notes.earlier.length > 0)
    findings.note(
      `nothing was logged lately by ${notes.earlier.join(', ')}: older lines were searched for instead`,
    );
  const silent = [...notes.exempt, ...notes.silent];
  if (silent.length > 0) findings.note(`expected to be silent: ${silent.join(', ')}`);
  if (notes.elsewhere.length > 0)
    findings.note(
      `not looked at, on nodes that topology.nodes leaves out: pods of ${notes.elsewhere.join(', ')}`,
    );
  if (recent.some(({ lines }) => lines > 0) && recent.every(({ found }) => found === 0))
    findings.note(NOTHING_THERE);
  const quiet = recent.filter(({ written }) => written === 'never').length;
  if (quiet > 0) findings.note(`${quiet} of ${recent.length} containers never wrote a line`);
  latelyRule(findings, recent);
  const figures = [
    { name: 'lines looked for', value: sumOf(recent, ({ lines }) => lines) },
    { name: 'missing', value: lost, goal: most },
    { name: 'containers looked at', value: recent.length },
    { name: 'workloads that logged nothing lately', value: notes.earlier.length + notes.exempt.length },
  ];
  for (const figure of figures) findings.figure(figure);
  return findings.conclude(
    "the last lines of every declared workload's pods, from their nodes' disks, in the store",
  );
}

/** Where nothing but old lines was looked for, those that are written now may be lost. */
function latelyRule(findings: Findings, recent: readonly Recent[]): void {
  const wrote = recent.filter(({ lines }) => lines > 0);
  if (wrote.length === 0) return;
  findings.rule('lately');
  const [subject, expected] = ['lines of any workload', 'some written lately'];
  if (wrote.some(isCertain)) findings.expect(subject, true, expected, 'some');
  else findings.unknown(subject, expected, 'only older ones: what is written now may be lost');
}

/** Whether the store must still hold these lines: lines older than the declared retention may have been deleted. */
function isCertain({ written }: Recent): boolean {
  return written === 'lately';
}

/** What is said beside the verdict, by name of workload or container. */
interface Notes {
  /** Logged nothing lately. */
  earlier: string[];
  /** Workloads that may be silent, and are. */
  exempt: string[];
  /** Containers that may be silent, and are, of workloads that are not. */
  silent: string[];
  /** Workloads with pods on nodes that are not looked at. */
  elsewhere: string[];
}

interface Looked {
  workload: DeclaredWorkload;
  tolerated: boolean;
  notes: Notes;
}

function workloadFindings(history: History, findings: Findings, of: Looked): void {
  const name = nameOf(of.workload);
  const own = all(history, 'recent').filter(({ workload }) => workload === name);
  const unread = all(history, 'disk-unread').filter(({ workload }) => workload === name);
  const unsearched = all(history, 'recent-unsearched').filter(({ workload }) => workload === name);
  findings.rule('looked-at');
  const read = own.length + unread.length + unsearched.length;
  const least = of.workload.replicas.min;
  const why = unlooked(history, { name, own, read, least });
  if (why !== null) {
    findings.unknown(name, EXPECTED, why);
    return;
  }
  findings.rule('lines');
  if (all(history, 'logging-workload').some((one) => one.workload === name && one.elsewhere > 0))
    of.notes.elsewhere.push(name);
  const [first] = unread;
  if (first !== undefined)
    findings.unknown(
      name,
      EXPECTED,
      `the logs of ${unread.length} of its containers cannot be read: ${first.reason}`,
    );
  const [open] = unsearched;
  if (open !== undefined)
    findings.unknown(
      name,
      EXPECTED,
      `the lines of ${unsearched.length} of its containers could not be looked for, such as those of ${open.pod} on node ${open.node}: ${open.reason}`,
    );
  const wrote = own.filter(({ lines }) => lines > 0);
  if (wrote.length > 0) {
    linesFindings(findings, { ...of, name, wrote });
    silentContainers(history, findings, { ...of, name, own });
  } else if (first === undefined && open === undefined)
    silentFinding(history, findings, { ...of, name, own });
}

/** Why a workload cannot be judged; null: it has the pods that it is to have, on known nodes, and each of their containers was searched for. */
function unlooked(
  history: History,
  { name, own, read, least }: { name: string; own: readonly Recent[]; read: number; least: number },
): string | null {
  const planned = all(history, 'logging-workload').find(({ workload }) => workload === name);
  if (planned === undefined) return 'its pods were not listed';
  const { pods, containers } = planned;
  const few = fewPods(planned, least);
  if (few !== null) return few;
  if (containers > read)
    return `its ${pods} pods have ${containers} containers, but the logs of ${read} were read`;
  const nodes = nodesOf(history);
  const elsewhere = own.find(({ node }) => !nodes.includes(node));
  return elsewhere === undefined
    ? null
    : `${elsewhere.pod} is on ${elsewhere.node}, which is no node of the cluster`;
}

/** Why a workload has not the pods that it is declared to have; null: it has. */
function fewPods({ pods, elsewhere }: Seen<'logging-workload'>, least: number): string | null {
  if (pods <= 0) return elsewhere > 0 ? 'each of its pods is on a node that is left out' : 'it has no pod';
  if (pods + elsewhere >= least) return null;
  return `it has ${pods + elsewhere} of the ${least} pods that it is declared to have at least`;
}

function linesFindings(
  findings: Findings,
  { name, wrote, tolerated, notes }: Looked & { name: string; wrote: readonly Recent[] },
): void {
  const lines = sumOf(wrote, (one) => one.lines);
  const found = sumOf(wrote, (one) => one.found);
  const short = wrote.filter((one) => one.found < one.lines);
  const certain = short.filter(isCertain);
  const said = short.length === 0 ? `${found} of ${lines}` : `${found} of ${lines}; missing ${where(short)}`;
  if (!wrote.some(isCertain)) notes.earlier.push(name);
  if (certain.length > 0) findings.expect(name, tolerated, EXPECTED, said);
  else if (short.length > 0)
    findings.unknown(name, EXPECTED, `${said}; they are older than what the store must keep`);
  else findings.expect(name, true, EXPECTED, said);
}

function where(short: readonly Recent[]): string {
  const each = short.map(({ lines, found, pod, node }) => `${lines - found} of ${pod} on node ${node}`);
  return `${each.join(', ')} (the first: ${short[0]?.missing ?? ''})`;
}

/** A container that wrote nothing in any pod of its workload is unknown, unless it is declared to be silent: a sidecar does not speak for it. */
function silentContainers(
  history: History,
  findings: Findings,
  { workload, name, notes, own }: Looked & { name: string; own: readonly Recent[] },
): void {
  const heard = containersOf(own.filter(({ lines }) => lines > 0));
  for (const container of containersOf(own).filter((one) => !heard.includes(one))) {
    const reason = exemption(workload, history.header.check, container);
    if (reason !== null) notes.silent.push(`container ${container} of ${name} (${reason})`);
    else
      findings.unknown(
        name,
        EXPECTED,
        `its container ${container} never wrote a line, and has no \`exempt\` entry for this check`,
      );
  }
}

function containersOf(own: readonly Recent[]): string[] {
  return [...new Set(own.map(({ container }) => container))];
}

/** A workload that never wrote a line is unknown, unless all of its containers are declared to be silent. */
function silentFinding(
  history: History,
  findings: Findings,
  { workload, name, notes, own }: Looked & { name: string; own: readonly Recent[] },
): void {
  const reasons = containersOf(own).map((one) => exemption(workload, history.header.check, one));
  const said = [...new Set(reasons)].join(', ');
  if (reasons.length === 0 || reasons.includes(null)) {
    findings.unknown(
      name,
      EXPECTED,
      'none of its containers ever wrote a line, and the workload has no `exempt` entry for this check',
    );
    return;
  }
  notes.exempt.push(`${name} (${said})`);
  findings.expect(name, true, 'silent', said);
}

export const judge: CheckJudge = {
  judge: judgeWorkloads,
  evidence: (header) => [
    need('logging-workload', {
      subjects: (header.settings.workloads ?? []).map(nameOf),
      of: ({ workload }) => workload,
      what: 'workloads',
    }),
    ...nodesWriting(header),
  ],
};
