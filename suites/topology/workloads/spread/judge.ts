import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { need } from '../../../../reports/judge/evidence/need.ts';
import { all } from '../../../../reports/judge/observed.ts';
import { isNamedAfter, range } from '../../../../reports/judge/topology/declared.ts';
import type { DeclaredWorkload } from '../../../../reports/judge/topology/declared.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import { nameOf } from '../../../../reports/record/names/topology-names.ts';

export const judge: CheckJudge = {
  judge: judgeSpread,
  evidence: ({ settings: { workloads = [] } }) => {
    const spreading = workloads.filter(isSpread);
    const budgeted = spreading.filter((workload) => workload.spread?.disruptionBudget !== false);
    return [
      need('placement', {
        subjects: spreading.map(nameOf),
        of: ({ workload }) => workload,
        absent: 'fail',
      }),
      need('budget', { subjects: budgeted.map(nameOf), of: ({ workload }) => workload, absent: 'fail' }),
    ];
  },
  annotations: {
    'placement.pods[].name': 'its workload is compared; the node of an individual pod does not matter',
  },
};

function isSpread({ kind, replicas }: DeclaredWorkload): boolean {
  return kind !== 'DaemonSet' && replicas.max >= 2;
}

/** Replicas on different nodes, and a disruption budget that allows one eviction and not all. */
function judgeSpread(history: History): Judgement {
  const findings = new Findings(history);
  for (const workload of (history.header.settings.workloads ?? []).filter(isSpread)) {
    if (workload.spread?.differentNodes !== false) placement(history, findings.rule('placement'), workload);
    if (workload.spread?.disruptionBudget !== false) budgets(history, findings.rule('budgets'), workload);
  }
  return findings.conclude(
    'replicas on different nodes; a disruption budget that allows one disruption and not all',
  );
}

/**
 * As many nodes as declared replicas (a workload that scaled up may put more than one on a node, but never all on one).
 */
function placement(history: History, findings: Findings, workload: DeclaredWorkload): void {
  const subject = nameOf(workload);
  const found = all(history, 'placement').find((one) => one.workload === subject);
  const { pods = [] } = found ?? {};
  if (found === undefined || pods.length === 0) {
    findings.absent(`pods of ${subject}`, 'pods on nodes');
    return;
  }
  const nodes = new Set(pods.map(({ node }) => node));
  const names = pods.map(({ name }) => name);
  findings.eachOnce(`nodes of ${subject}`, [...nodes], found.nodes);
  findings.agree(`pods of ${subject}`, found.count, pods.length);
  const stray = names.find((name) => !isNamedAfter(name, workload.name));
  findings.sound(`pods of ${subject}`, stray === undefined, 'its own pods', stray ?? '');
  findings.eachOnce(`pods of ${subject}`, [...new Set(names)], names);
  const wanted = Math.max(2, Math.min(pods.length, workload.replicas.min));
  const where = pods.map(({ name, node }) => `${name} on ${node}`).join(', ');
  findings.expect(`placement of ${subject}`, nodes.size >= wanted, `${wanted} different nodes`, where);
}

/** Exactly one: of a pod that two budgets select, Kubernetes refuses every eviction. */
function budgets(history: History, findings: Findings, workload: DeclaredWorkload): void {
  const subject = nameOf(workload);
  const found = all(history, 'budget').filter((one) => one.workload === subject);
  const selecting = all(history, 'placement').find((one) => one.workload === subject)?.budgets ?? [];
  findings.eachOnce(
    `budgets of ${subject}`,
    selecting,
    found.map(({ name }) => name),
  );
  if (found.length === 0) {
    findings.absent(`disruption budget of ${subject}`, 'a PodDisruptionBudget that selects its pods');
    return;
  }
  const names = found.map(({ name }) => name).join(', ');
  findings.expect(`disruption budgets of ${subject}`, found.length === 1, 'one', names);
  for (const one of found) budget(findings, workload, one);
}

function budget(findings: Findings, workload: DeclaredWorkload, one: Seen<'budget'>): void {
  const { expectedPods: expected, desiredHealthy: healthy } = one;
  const name = `disruption budget ${one.name} of ${nameOf(workload)}`;
  if (expected === null || healthy === null) {
    findings.unknown(name, 'a computed status', 'no status yet');
    return;
  }
  const spare = expected - healthy;
  // A budget that also counts other pods (one for all node sets of an Elasticsearch) may allow the eviction of all these.
  if (expected > workload.replicas.max && spare >= workload.replicas.min)
    findings.unknown(name, `counts ${range(workload.replicas)} pods`, `counts ${expected}, allows ${spare}`);
  findings.expect(
    name,
    spare >= 1 && spare < expected,
    'allows one disruption and not all',
    `allows ${spare} of ${expected}`,
  );
}
