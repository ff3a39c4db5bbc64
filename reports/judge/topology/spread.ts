import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { nameOf } from './declared.ts';
import type { DeclaredWorkload } from './declared.ts';
import { Findings, list, number, seen, setting, text } from './findings.ts';

/** Replicas on different nodes, and a disruption budget that allows one eviction and not all. */
export function judgeSpread(history: History): Judgement {
  const findings = new Findings(history);
  for (const workload of (setting(history, 'workloads') as DeclaredWorkload[] | undefined) ?? []) {
    if (workload.kind === 'DaemonSet' || workload.replicas.max < 2) continue;
    if (workload.spread?.differentNodes !== false) placement(history, findings, workload);
    if (workload.spread?.disruptionBudget !== false) budget(history, findings, workload);
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
  const found = seen(history, 'placement').find((one) => text(one, 'workload') === subject);
  const pods = found === undefined ? [] : (list(found, 'pods') as { name: string; node: string }[]);
  if (pods.length === 0) {
    findings.absent(`pods of ${subject}`, 'pods on nodes');
    return;
  }
  const nodes = new Set(pods.map((pod) => pod.node));
  const wanted = Math.max(2, Math.min(pods.length, workload.replicas.min));
  const where = pods.map((pod) => `${pod.name} on ${pod.node}`).join(', ');
  findings.expect(`placement of ${subject}`, nodes.size >= wanted, `${wanted} different nodes`, where);
}

function budget(history: History, findings: Findings, workload: DeclaredWorkload): void {
  const subject = nameOf(workload);
  const found = seen(history, 'budget').filter((one) => text(one, 'workload') === subject);
  if (found.length === 0)
    findings.absent(`disruption budget of ${subject}`, 'a PodDisruptionBudget that selects its pods');
  for (const one of found) {
    const [expected, healthy] = [number(one, 'expectedPods'), number(one, 'desiredHealthy')];
    const name = `disruption budget ${text(one, 'name')} of ${subject}`;
    if (!Number.isFinite(expected) || !Number.isFinite(healthy)) {
      findings.unknown(name, 'a computed status', 'no status yet');
      continue;
    }
    const spare = expected - healthy;
    findings.expect(
      name,
      spare >= 1 && spare < expected,
      'allows one disruption and not all',
      `allows ${spare} of ${expected}`,
    );
  }
}
