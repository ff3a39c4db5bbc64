/** Judges of the topology suite: pure functions from a history to a judgement, by check id. */
import type { CheckJudge } from '../definition.ts';
import { undeclared } from '../definition.ts';
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

export const TOPOLOGY_JUDGES: Readonly<Record<string, CheckJudge>> = {
  'topology/cluster/versions': undeclared(judgeVersions),
  'topology/cluster/control-plane': undeclared(judgeControlPlane),
  'topology/cluster/api-balanced': undeclared(judgeApiBalanced),
  'topology/nodes/pools': undeclared(judgePools),
  'topology/network/reachability': undeclared(judgeReachability),
  'topology/storage/persistent': undeclared(judgePersistent),
  'topology/storage/durability': undeclared(judgeDurability),
  'topology/workloads/declared': undeclared(judgeDeclared),
  'topology/workloads/roles': undeclared(judgeRoles),
  'topology/workloads/probes': undeclared(judgeProbes),
  'topology/workloads/resources': undeclared(judgeResources),
  'topology/workloads/spread': undeclared(judgeSpread),
  'topology/workloads/images': undeclared(judgeImages),
  'topology/edge/path': undeclared(judgeEdgePath),
};
