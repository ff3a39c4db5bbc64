import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { all } from '../../../../reports/judge/observed.ts';
import { isInPool, range, within } from '../../../../reports/judge/topology/declared.ts';
import type { DeclaredPool } from '../../../../reports/judge/topology/declared.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import { listedNodes } from '../../../../reports/judge/topology/nodes.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';

type Node = Seen<'node'>;

interface Taint {
  key: string;
  value?: string | null | undefined;
  effect: string;
}

export const judge: CheckJudge = { judge: judgePools };

/** Every declared pool has its nodes, with exactly the declared taints. Every node, in a pool or not, is Ready and under no pressure. */
function judgePools(history: History): Judgement {
  const findings = new Findings(history);
  const nodes = all(history, 'node');
  const declared = history.header.settings.pools ?? [];
  for (const pool of declared) judgePool(findings, pool, nodes);
  findings.rule('nodes').each(
    listedNodes(history, findings).map((name) => [name, name]),
    nodes,
    { key: ({ name }) => name, what: 'node', expected: GOOD, missing: 'unknown', strange: 'ignore' },
  );
  for (const node of nodes) judgeNode(findings, node, declared);
  noteOthers(history, findings);
  return findings.conclude(
    'declared pools with their counts, labels and taints; every node Ready and without pressure',
  );
}

/** Says which nodes were left out as those of others. */
function noteOthers(history: History, findings: Findings): void {
  for (const { labels, reason } of history.header.settings.nodes?.others ?? []) {
    const text = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    findings.note(`nodes with ${text.join(', ')} are declared to be those of others (${reason}): not judged`);
  }
}

function judgePool(findings: Findings, pool: DeclaredPool, all: readonly Node[]): void {
  findings.rule('pools');
  const nodes = all.filter(({ labels }) => isInPool(labels, pool));
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
  findings.rule('taints');
  for (const node of nodes) judgeTaints(findings, node, pool);
}

const GOOD = 'Ready, schedulable, no pressure';

function judgeNode(findings: Findings, node: Node, pools: readonly DeclaredPool[]): void {
  const pool = pools.find((one) => isInPool(node.labels, one))?.name;
  const troubles = [
    ...(node.ready ? [] : ['not Ready']),
    ...node.pressure,
    ...(node.unschedulable ? ['cordoned'] : []),
  ];
  findings.expect(
    `node ${node.name} of ${pool === undefined ? 'no pool' : `pool ${pool}`}`,
    troubles.length === 0,
    pool === undefined ? `${GOOD}; or declared in topology.nodes.others` : GOOD,
    troubles.join(', ') || 'so',
  );
}

function judgeTaints(findings: Findings, node: Node, pool: DeclaredPool): void {
  const subject = `taints of node ${node.name} of pool ${pool.name}`;
  const wanted = pool.taints.map(taintText).sort();
  if (node.taints === null) {
    findings.unknown(subject, wanted.join(', ') || 'none', 'not recorded');
    return;
  }
  const found = node.taints.map(taintText).sort();
  findings.expect(
    subject,
    wanted.join() === found.join(),
    wanted.join(', ') || 'none',
    found.join(', ') || 'none',
  );
}

function taintText({ key, value, effect }: Taint): string {
  return `${key}${value ? `=${value}` : ''}:${effect}`;
}
