import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { need } from '../../../../reports/judge/evidence/need.ts';
import { all, last } from '../../../../reports/judge/observed.ts';
import { isNamedAfter, matches, range, within } from '../../../../reports/judge/topology/declared.ts';
import type { DeclaredWorkload } from '../../../../reports/judge/topology/declared.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import { judgePods } from '../../../../reports/judge/topology/restarts.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import { nameOf } from '../../../../reports/record/names/topology-names.ts';

export const judge: CheckJudge = {
  judge: judgeDeclared,
  evidence: ({ settings: { workloads = [] } }) => {
    const subjects = workloads.map(nameOf);
    const namespaces = [...new Set(workloads.map(({ namespace }) => namespace))];
    const running = workloads.filter(({ replicas }) => replicas.min > 0).map(nameOf);
    return [
      need('namespace', { subjects: namespaces, of: ({ name }) => name, absent: 'fail' }),
      need('replicas', { subjects, of: ({ workload }) => workload, absent: 'fail' }),
      need('pod', { subjects: running, of: ({ workload }) => workload, absent: 'fail' }),
      need('owners', { what: 'the list of everything that runs in the closed namespaces' }),
    ];
  },
};

/** Everything declared is there, complete and quiet; in closed namespaces there is nothing else. */
function judgeDeclared(history: History): Judgement {
  const findings = new Findings(history);
  const { workloads: declared = [] } = history.header.settings;
  const namespaces = new Set(all(history, 'namespace').map(({ name }) => name));
  findings.rule('workloads');
  for (const name of new Set(declared.map(({ namespace }) => namespace))) {
    if (!namespaces.has(name)) findings.absent(`namespace ${name}`, 'the namespace');
  }
  for (const workload of declared) judgeWorkload(history, findings, workload);
  findings.rule('pods');
  judgePods(history, findings);
  findings.rule('undeclared');
  undeclared(history, findings, declared);
  return findings.conclude(
    'declared workloads with all replicas ready, nothing restarting, nothing undeclared',
  );
}

function judgeWorkload(history: History, findings: Findings, workload: DeclaredWorkload): void {
  const subject = nameOf(workload);
  const [found, ...more] = all(history, 'replicas').filter((one) => one.workload === subject);
  if (found === undefined) {
    findings.absent(subject, `${range(workload.replicas)} replicas`);
    return;
  }
  const { wanted, ready } = found;
  findings.agree(`lines of ${subject}`, 0, more.length);
  findings.expect(
    `replicas of ${subject}`,
    within(wanted, workload.replicas),
    range(workload.replicas),
    String(wanted),
  );
  pods(history, findings, { workload, found });
  findings.sound(`rollout of ${subject}`, isRolling(found) || !found.stuck, 'none that is stuck', 'stuck');
  if (isRolling(found)) rolling(findings, subject, found);
  else {
    findings.expect(`ready replicas of ${subject}`, ready === wanted, String(wanted), String(ready));
    if (ready === wanted) lastTemplate(findings, subject, found);
  }
}

/** Pods from which the last template is held back are complete as they are. */
function lastTemplate(
  findings: Findings,
  subject: string,
  { wanted, updated, heldBack = 0 }: Replicas,
): void {
  const old = wanted - updated;
  if (old > 0 && old <= heldBack)
    findings.note(
      `${subject}: ${old} of ${wanted} pods have an earlier template; its update strategy (OnDelete, or a partition) holds the last one back`,
    );
  else findings.agree(`replicas of ${subject} with its last template`, wanted, updated);
}

type Replicas = Seen<'replicas'>;

/** A rollout in progress: old and new pods side by side, one pod more than wanted, or a change the controller has not seen yet. */
function isRolling({ wanted, ready, updated, observed, rolling: replaced, pods: there }: Replicas): boolean {
  return !observed || (replaced ?? updated !== wanted) || (ready > wanted && there >= ready);
}

/** A rollout in progress is unknown, not a failure, unless its deadline has passed. */
function rolling(findings: Findings, subject: string, found: Replicas): void {
  const { wanted, ready, updated, observed, pods: there, stuck } = found;
  const said = observed
    ? `${updated} of ${there} pods with the last declared template`
    : 'the controller has not acted on the last change yet';
  const expected = `${wanted} ready, with the last declared template`;
  const seen = `${ready} ready, ${said}`;
  if (stuck) findings.expect(`rollout of ${subject}`, false, expected, `${seen}; its deadline has passed`);
  else findings.unknown(`rollout of ${subject}`, expected, `${seen}: a rollout is in progress`);
}

/** Every pod of the workload is recorded exactly once. */
function pods(
  history: History,
  findings: Findings,
  { workload, found }: { workload: DeclaredWorkload; found: Replicas },
): void {
  const subject = nameOf(workload);
  const own = all(history, 'pod').filter((pod) => pod.workload === subject);
  findings.agree(`pods of ${subject}`, found.pods, own.length);
  const names = own.map(({ name }) => name);
  findings.eachOnce(`pods of ${subject}`, [...new Set(names)], names);
  for (const { name, namespace } of own) {
    findings.agree(`namespace of Pod ${name}`, workload.namespace, namespace);
    findings.sound(`Pod ${name}`, isNamedAfter(name, workload.name), `a pod of ${subject}`, name);
  }
}

function undeclared(history: History, findings: Findings, declared: DeclaredWorkload[]): void {
  const { closed = { namespaces: [], ignore: [] }, leftOut = [] } = history.header.settings;
  const names = new Set([...declared.map(nameOf), ...leftOut]);
  const owners = all(history, 'owner');
  findings.agree('what runs in closed namespaces', last(history, 'owners')?.found ?? null, owners.length);
  eachOwner(history, findings, { owners, closed: closed.namespaces, declared });
  for (const { kindName, namespace, name, pods: count } of owners) {
    if (!closed.namespaces.includes(namespace)) continue;
    const subject = `${kindName} ${namespace}/${name}`;
    const ignored = closed.ignore.some((one) => one.kind === kindName && matches(one.name, name));
    if (names.has(subject)) ownedPods(history, findings, { subject, count });
    else if (!ignored) findings.expect(subject, false, 'nothing undeclared', `it has ${count} pods`);
  }
}

interface Owners {
  owners: readonly Seen<'owner'>[];
  closed: readonly string[];
  declared: readonly DeclaredWorkload[];
}

/** Each owner once, and among them every declared workload that had pods when it was looked at. */
function eachOwner(history: History, findings: Findings, { owners, closed, declared }: Owners): void {
  const there = owners.map(({ kindName, namespace, name }) => nameOf({ kind: kindName, namespace, name }));
  const running = new Set(
    all(history, 'replicas')
      .filter(({ pods: count }) => count > 0)
      .map(({ workload }) => workload),
  );
  const expected = declared.filter(({ namespace }) => closed.includes(namespace)).map(nameOf);
  findings.eachOnce(
    'what runs in closed namespaces',
    [...new Set([...there, ...expected.filter((name) => running.has(name))])],
    there,
  );
}

/** The same pods counted by owner. Only this count includes pods that are being deleted, so it may be higher. */
function ownedPods(
  history: History,
  findings: Findings,
  { subject, count }: { subject: string; count: number },
): void {
  const found = all(history, 'replicas').find(({ workload }) => workload === subject);
  if (found === undefined) return;
  const holds = count >= found.pods && count <= 2 * Math.max(1, found.pods, found.wanted);
  findings.sound(`pods of ${subject}`, holds, `${found.pods} or a few more`, String(count));
}
