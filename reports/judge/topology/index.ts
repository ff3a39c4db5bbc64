/** Judges of the topology suite: pure functions from a history to a judgement, by check id. */
import type { CheckJudge } from '../definition.ts';
import { apiBalanced } from './api-balanced.ts';
import { images, probes, resources } from './containers.ts';
import { controlPlane } from './control-plane.ts';
import { durability } from './durability.ts';
import { edgePath } from './edge-path.ts';
import { persistent } from './persistent.ts';
import { pools } from './pools.ts';
import { reachability } from './reachability.ts';
import { roles } from './roles.ts';
import { spread } from './spread.ts';
import { versions } from './versions.ts';
import { declaredWorkloads } from './workloads.ts';

export const TOPOLOGY_JUDGES: Readonly<Record<string, CheckJudge>> = {
  'topology/cluster/versions': versions,
  'topology/cluster/control-plane': controlPlane,
  'topology/cluster/api-balanced': apiBalanced,
  'topology/nodes/pools': pools,
  'topology/network/reachability': reachability,
  'topology/storage/persistent': persistent,
  'topology/storage/durability': durability,
  'topology/workloads/declared': declaredWorkloads,
  'topology/workloads/roles': roles,
  'topology/workloads/probes': probes,
  'topology/workloads/resources': resources,
  'topology/workloads/spread': spread,
  'topology/workloads/images': images,
  'topology/edge/path': edgePath,
};
