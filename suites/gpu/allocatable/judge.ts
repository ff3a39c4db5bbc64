import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../reports/judge/evidence/need.ts';
import { onlyWhere } from '../_judge/pool-needs.ts';
import {
  concludeWithPool,
  declaredGpu,
  expectOffers,
  gpuOf,
  nodesDeclared,
  nodesOf,
  offeredBy,
  poolNodesOf,
} from '../_judge/pool.ts';
import { first } from '../../../reports/judge/observed.ts';
import { Findings } from '../../../reports/judge/topology/findings.ts';
import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';

/** `gpu/allocatable`: the declared number on every node of the pool, none elsewhere, and the plugin on all of them. */
function judgeAllocatable(history: History): Judgement {
  const findings = new Findings(history);
  const { resource, devicesPerNode, pool } = gpuOf(history);
  expectOffers(history, findings);
  findings.rule('nowhere-else');
  for (const node of nodesOf(history).filter((one) => !one.pool))
    findings.expect(
      `node ${node.name}, which is not in the pool`,
      offeredBy(node) === 0,
      `no ${resource}`,
      String(offeredBy(node)),
    );
  expectPlugin(history, findings);
  const nodes = poolNodesOf(history);
  const offered = nodes.reduce((sum, node) => sum + offeredBy(node), 0);
  findings.figure({ name: 'devices to give', value: offered, goal: nodes.length * devicesPerNode });
  return concludeWithPool(
    history,
    findings,
    `${devicesPerNode} ${resource} on every node of pool ${pool}, none elsewhere`,
  );
}

function expectPlugin(history: History, findings: Findings): void {
  const { plugin } = gpuOf(history);
  if (plugin === undefined) return;
  findings.rule('plugin');
  const subject = `DaemonSet ${plugin.namespace}/${plugin.name}`;
  const found = first(history, 'gpu-plugin');
  if (found === undefined) {
    findings.absent(subject, 'the device plugin');
    return;
  }
  const { ready, wanted, nodes } = found;
  const pool = poolNodesOf(history);
  // Its own count includes nodes that are not in the pool, and those that have joined since the pool was looked at.
  if (pool.length > 0)
    findings.expect(subject, wanted > 0, 'meant to run on some node', `ready on ${ready} of ${wanted}`);
  for (const { name } of pool) {
    const there = nodes.includes(name);
    findings.expect(`${subject} on ${name}`, there, 'a ready pod', there ? 'there' : 'none');
  }
}

function ofAllocatable(header: HistoryHeader): AnyNeed[] {
  const { plugin } = declaredGpu(header);
  return [nodesDeclared(header), ...onlyWhere(plugin !== undefined, need('gpu-plugin'))];
}

export const judge: CheckJudge = {
  judge: judgeAllocatable,
  evidence: ofAllocatable,
};
