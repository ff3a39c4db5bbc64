import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { need } from '../../../../reports/judge/evidence/need.ts';
import { all } from '../../../../reports/judge/observed.ts';
import { matches, range, within } from '../../../../reports/judge/topology/declared.ts';
import type { DeclaredWorkload } from '../../../../reports/judge/topology/declared.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import { leasesRule } from '../../_judge/leases.ts';
import { judgePods } from '../../_judge/restarts.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import { nameOf } from '../../../../reports/record/names/topology-names.ts';

export const judge: CheckJudge = {
  judge: judgeDeclared,
  evidence: () => [need('owners', { what: 'the list of everything that runs in the closed namespaces' })],
};

/** Everything declared is there, complete and quiet; in closed namespaces there is nothing else. */
function judgeDeclared(history: History): Judgement {
  const findings = new Findings(history);
  const { workloads: declared = [] } = history.header.settings;
  findings.rule('workloads');
  findings.each(
    declared.map(({ namespace }) => [`namespace ${namespace}`, namespace]),
    all(history, 'namespace'),
    { key: ({ name }) => `namespace ${name}`, expected: 'the namespace', missing: 'fail', strange: 'ignore' },
  );
  const pods = Map.groupBy(all(history, 'pod'), ({ workload }) => workload);
  findings.each(
    declared.map((workload) => [nameOf(workload), workload]),
    all(history, 'replicas'),
    { key: ({ workload }) => workload, expected: 'its replicas', missing: 'fail', strange: 'ignore' },
    (workload, found) =>
      judgeWorkload(findings, { workload, found, there: pods.get(found.workload)?.length ?? 0 }),
  );
  findings.rule('pods');
  judgePods(history, findings);
  findings.rule('undeclared');
  undeclared(history, findings, declared);
  leasesRule(history, findings);
  return findings.conclude(
    'declared workloads with all replicas ready, nothing restarting, nothing undeclared',
  );
}

interface Of {
  workload: DeclaredWorkload;
  found: Replicas;
  /** How many of its pods were seen; none that is being deleted. */
  there: number;
}

function judgeWorkload(findings: Findings, { workload, found, there }: Of): void {
  const { workload: subject, wanted, ready, stuck } = found;
  findings.expect(
    `replicas of ${subject}`,
    within(wanted, workload.replicas),
    range(workload.replicas),
    String(wanted),
  );
  if (isRolling(found, there)) {
    rolling(findings, found, there);
    return;
  }
  if (stuck) findings.unknown(`rollout of ${subject}`, 'none that is stuck', 'stuck');
  findings.expect(`ready replicas of ${subject}`, ready === wanted, String(wanted), String(ready));
  if (ready !== wanted) return;
  lastTemplate(findings, found);
  // Its controller counts the pods, and what is judged of each is judged of those that were seen.
  if (there < wanted) findings.unknown(`pods of ${subject}`, `${wanted} or more`, String(there));
}

/** Pods from which the last template is held back are complete as they are. */
function lastTemplate(
  findings: Findings,
  { workload: subject, wanted, updated, heldBack = 0 }: Replicas,
): void {
  const old = wanted - updated;
  if (old > 0 && old <= heldBack)
    findings.note(
      `${subject}: ${old} of ${wanted} pods have an earlier template; its update strategy (OnDelete, or a partition) holds the last one back`,
    );
  else if (old !== 0)
    findings.unknown(`replicas of ${subject} with its last template`, String(wanted), String(updated));
}

type Replicas = Seen<'replicas'>;

/** A rollout in progress: old and new pods side by side, one pod more than wanted, or a change the controller has not seen yet. */
function isRolling({ wanted, ready, observed, rolling: replaced }: Replicas, there: number): boolean {
  return !observed || replaced || (ready > wanted && there >= ready);
}

/** A rollout in progress is unknown, not a failure, unless its deadline has passed. */
function rolling(findings: Findings, found: Replicas, there: number): void {
  const { workload: subject, wanted, ready, updated, observed, stuck } = found;
  const said = observed
    ? `${updated} of ${there} pods with the last declared template`
    : 'the controller has not acted on the last change yet';
  const expected = `${wanted} ready, with the last declared template`;
  const seen = `${ready} ready, ${said}`;
  if (stuck) findings.expect(`rollout of ${subject}`, false, expected, `${seen}; its deadline has passed`);
  else findings.unknown(`rollout of ${subject}`, expected, `${seen}: a rollout is in progress`);
}

function undeclared(history: History, findings: Findings, declared: DeclaredWorkload[]): void {
  const { closed = { namespaces: [], ignore: [] }, leftOut = [] } = history.header.settings;
  const owners = all(history, 'owner').filter(({ namespace }) => closed.namespaces.includes(namespace));
  const running = new Set(all(history, 'pod').map(({ workload }) => workload));
  // The list that shows nothing undeclared shows at least what is declared and runs.
  findings.each(
    declared
      .filter((one) => closed.namespaces.includes(one.namespace) && running.has(nameOf(one)))
      .map((one) => [nameOf(one), one]),
    owners,
    { key: ownerName, expected: 'among what runs there', missing: 'unknown', strange: 'ignore' },
  );
  const names = new Set([...declared.map(nameOf), ...leftOut]);
  for (const owner of owners) {
    const subject = ownerName(owner);
    const ignored = closed.ignore.some((one) => one.kind === owner.kindName && matches(one.name, owner.name));
    if (!names.has(subject) && !ignored)
      findings.expect(subject, false, 'nothing undeclared', `it has ${owner.pods} pods`);
  }
}

const ownerName = ({ kindName, namespace, name }: Seen<'owner'>): string =>
  nameOf({ kind: kindName, namespace, name });
