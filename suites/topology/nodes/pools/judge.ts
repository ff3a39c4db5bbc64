import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { all } from '../../../../reports/judge/observed.ts';
import { isInPool, range, within } from '../../../../reports/judge/topology/declared.ts';
import type { DeclaredPool } from '../../../../reports/judge/topology/declared.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import { leasesRule } from '../../_judge/leases.ts';
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
  const tended = tendedTo(nodes, declared);
  for (const node of nodes) judgeNode(findings, node, { pools: declared, tended: tended.has(node) });
  leasesRule(
    history,
    findings,
    nodes.filter(({ ready }) => ready).map(({ name }) => name),
  );
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

/** Of the nodes of a pool, how many may be tended to at once. */
const TENDED_SHARE = 0.1;

const GOOD = 'Ready, schedulable, no pressure';

const poolOf = ({ labels }: Node, pools: readonly DeclaredPool[]): DeclaredPool | undefined =>
  pools.find((one) => isInPool(labels, one));

/**
 * Nodes to which somebody tends, who cordons a node before it is upgraded or restarted: one of a pool, or a tenth of it, as upgrades go. More cordoned
 * nodes than that are a pool that lacks them.
 */
function tendedTo(nodes: readonly Node[], pools: readonly DeclaredPool[]): ReadonlySet<Node> {
  const groups = [...Map.groupBy(nodes, (node) => poolOf(node, pools)).values()];
  return new Set(
    groups.flatMap((own) => {
      const cordoned = own.filter(({ unschedulable }) => unschedulable);
      return cordoned.length <= Math.max(1, own.length * TENDED_SHARE) ? cordoned : [];
    }),
  );
}

function judgeNode(
  findings: Findings,
  node: Node,
  { pools, tended }: { pools: readonly DeclaredPool[]; tended: boolean },
): void {
  const pool = poolOf(node, pools)?.name;
  const troubles = [
    ...(node.ready ? [] : ['not Ready']),
    ...node.pressure,
    ...(node.unschedulable ? ['cordoned'] : []),
  ];
  const subject = `node ${node.name} of ${pool === undefined ? 'no pool' : `pool ${pool}`}`;
  const expected = pool === undefined ? `${GOOD}; or declared in topology.nodes.others` : GOOD;
  if (tended && node.pressure.length === 0)
    findings.unknown(subject, expected, `${troubles.join(', ')}: somebody may be upgrading or restarting it`);
  else findings.expect(subject, troubles.length === 0, expected, troubles.join(', ') || 'so');
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
