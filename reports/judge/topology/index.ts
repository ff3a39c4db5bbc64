/** Judges of the topology suite: pure functions from a history to a judgement, by check id. */
import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { worst } from '../../record/verdict.ts';
import { judgeApiBalanced } from './api-balanced.ts';
import { judgeImages, judgeProbes, judgeResources } from './containers.ts';
import { judgeControlPlane } from './control-plane.ts';
import { judgeDurability } from './durability.ts';
import { judgeEdgePath } from './edge-path.ts';
import { judgePersistent } from './persistent.ts';
import { judgePools } from './pools.ts';
import { judgeReachability } from './reachability.ts';
import { judgeRoles } from './roles.ts';
import { judgeSpread } from './spread.ts';
import { judgeVersions } from './versions.ts';
import { judgeDeclared } from './workloads.ts';

export const TOPOLOGY_JUDGES: Readonly<Record<string, (history: History) => Judgement>> = {
  'topology/cluster/versions': judgeVersions,
  'topology/cluster/control-plane': judgeControlPlane,
  'topology/cluster/api-balanced': judgeApiBalanced,
  'topology/nodes/pools': judgePools,
  'topology/network/reachability': judgeReachability,
  'topology/storage/persistent': judgePersistent,
  'topology/storage/durability': judgeDurability,
  'topology/workloads/declared': judgeDeclared,
  'topology/workloads/roles': judgeRoles,
  'topology/workloads/probes': judgeProbes,
  'topology/workloads/resources': judgeResources,
  'topology/workloads/spread': judgeSpread,
  'topology/workloads/images': judgeImages,
  'topology/edge/path': judgeEdgePath,
};

/** Several trials of one check: the worst of them speaks for all. */
export function overTrials(
  judge: (history: History) => Judgement,
): (histories: readonly History[]) => Judgement {
  return (histories) => {
    const judgements = histories.map(judge);
    const verdict = worst(judgements.map((judgement) => judgement.verdict));
    const found = judgements.find((judgement) => judgement.verdict === verdict);
    if (found === undefined) throw new Error('a judge needs at least one history');
    return found;
  };
}
