import type { History, Observation } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { range, within } from './declared.ts';
import type { DeclaredPool } from './declared.ts';
import { Findings, list, seen, setting, text } from './findings.ts';

interface Taint {
  key: string;
  value?: string;
  effect: string;
}

/** Every declared pool has its nodes, each Ready, schedulable, without pressure, and with exactly the declared taints. */
export function judgePools(history: History): Judgement {
  const findings = new Findings(history);
  for (const pool of (setting(history, 'pools') as DeclaredPool[] | undefined) ?? []) {
    const nodes = seen(history, 'node').filter((node) => hasLabels(node, pool.labels));
    if (nodes.length < pool.count.min)
      findings.absent(`pool ${pool.name}: nodes beyond ${nodes.length}`, range(pool.count));
    else
      findings.expect(
        `pool ${pool.name}`,
        within(nodes.length, pool.count),
        `${range(pool.count)} nodes`,
        String(nodes.length),
      );
    findings.figure({ name: `nodes of pool ${pool.name}`, value: nodes.length, goal: range(pool.count) });
    for (const node of nodes) judgeNode(node, pool, findings);
  }
  return findings.conclude(
    'declared pools with their counts, labels and taints; every node Ready and without pressure',
  );
}

function hasLabels(node: Observation, wanted: Record<string, string>): boolean {
  const labels = (node['labels'] ?? {}) as Record<string, string>;
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

function judgeNode(node: Observation, pool: DeclaredPool, findings: Findings): void {
  const subject = `node ${text(node, 'name')} of pool ${pool.name}`;
  const troubles = [...(list(node, 'pressure') as string[])];
  if (node['ready'] !== true) troubles.unshift('not Ready');
  if (node['unschedulable'] === true) troubles.push('cordoned');
  findings.expect(
    subject,
    troubles.length === 0,
    'Ready, schedulable, no pressure',
    troubles.join(', ') || 'so',
  );
  const wanted = pool.taints.map(taintText).sort();
  // What Kubernetes itself sets (not-ready, unschedulable …) is told by the conditions above.
  const found = (list(node, 'taints') as Taint[])
    .filter((taint) => !taint.key.startsWith('node.kubernetes.io/'))
    .map(taintText)
    .sort();
  findings.expect(
    `taints of ${subject}`,
    wanted.join() === found.join(),
    wanted.join(', ') || 'none',
    found.join(', ') || 'none',
  );
}

function taintText(taint: Taint): string {
  return `${taint.key}${taint.value === undefined || taint.value === '' ? '' : `=${taint.value}`}:${taint.effect}`;
}
