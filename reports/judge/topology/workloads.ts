import type { History, Observation } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { matches, nameOf, range, within } from './declared.ts';
import type { DeclaredWorkload } from './declared.ts';
import { Findings, goalNumber, list, number, seen, setting, text } from './findings.ts';

/** More restarts than this, the last one within the window, is "restarting". */
const RESTARTS_ALLOWED = 0;
const RESTART_WINDOW_MINUTES = 10;

interface Closed {
  namespaces: string[];
  ignore: { kind: string; name: string; reason: string }[];
}

/** Everything declared is there, complete and quiet; in closed namespaces there is nothing else. */
export function judgeDeclared(history: History): Judgement {
  const findings = new Findings(history);
  const declared = (setting(history, 'workloads') as DeclaredWorkload[] | undefined) ?? [];
  const namespaces = new Set(seen(history, 'namespace').map((one) => text(one, 'name')));
  for (const name of new Set(declared.map((workload) => workload.namespace))) {
    if (!namespaces.has(name)) findings.absent(`namespace ${name}`, 'the namespace');
  }
  for (const workload of declared) judgeWorkload(history, findings, workload);
  judgePods(history, findings);
  undeclared(history, findings, declared);
  return findings.conclude(
    'declared workloads with all replicas ready, nothing restarting, nothing undeclared',
  );
}

function judgeWorkload(history: History, findings: Findings, workload: DeclaredWorkload): void {
  const subject = nameOf(workload);
  const found = seen(history, 'workload').find((one) => text(one, 'workload') === subject);
  if (found === undefined) {
    findings.absent(subject, `${range(workload.replicas)} replicas`);
    return;
  }
  const [wanted, ready, updated] = [
    number(found, 'wanted'),
    number(found, 'ready'),
    number(found, 'updated'),
  ];
  findings.expect(
    `replicas of ${subject}`,
    within(wanted, workload.replicas),
    range(workload.replicas),
    String(wanted),
  );
  findings.expect(`ready replicas of ${subject}`, ready === wanted, String(wanted), String(ready));
  findings.expect(
    `up-to-date replicas of ${subject}`,
    updated === wanted && found['observed'] === true,
    String(wanted),
    found['observed'] === true ? String(updated) : 'a change not yet acted on',
  );
}

function judgePods(history: History, findings: Findings): void {
  const allowed = goalNumber(history, 'maxRestarts', RESTARTS_ALLOWED);
  const windowMinutes = goalNumber(history, 'restartWindowMinutes', RESTART_WINDOW_MINUTES);
  for (const pod of seen(history, 'pod')) {
    const troubles = list(pod, 'waiting') as string[];
    const recent = number(pod, 'lastRestartAgoMs') < windowMinutes * 60_000;
    if (recent && number(pod, 'restarts') > allowed)
      troubles.push(
        `${number(pod, 'restarts')} restarts, the last ${Math.round(number(pod, 'lastRestartAgoMs') / 1000)} s ago`,
      );
    findings.expect(
      `Pod ${text(pod, 'namespace')}/${text(pod, 'name')}`,
      troubles.length === 0,
      'running quietly',
      troubles.join(', ') || 'running',
    );
  }
}

function undeclared(history: History, findings: Findings, declared: DeclaredWorkload[]): void {
  const closed = (setting(history, 'closed') as Closed | undefined) ?? { namespaces: [], ignore: [] };
  const names = new Set(declared.map(nameOf));
  for (const owner of seen(history, 'owner')) {
    if (!closed.namespaces.includes(text(owner, 'namespace'))) continue;
    const subject = `${text(owner, 'kindName')} ${text(owner, 'namespace')}/${text(owner, 'name')}`;
    if (names.has(subject) || isIgnored(owner, closed)) continue;
    findings.expect(subject, false, 'nothing undeclared', `${text(owner, 'pods') || 'some'} pods of it`);
  }
}

function isIgnored(owner: Observation, closed: Closed): boolean {
  return closed.ignore.some(
    (one) => one.kind === text(owner, 'kindName') && matches(one.name, text(owner, 'name')),
  );
}
