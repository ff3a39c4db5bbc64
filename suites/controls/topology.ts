import type { Control } from './control.ts';
import { clusterControls } from './topology-cluster.ts';
import { edgeControls } from './topology-edge.ts';
import { networkControls } from './topology-network.ts';
import { storageControls } from './topology-storage.ts';
import { templateControls } from './topology-templates.ts';
import { workloadControls } from './topology-workloads.ts';

/** Controls of the topology suite: one or more for every check of it that is built. */
export const topologyControls: readonly Control[] = [
  ...clusterControls,
  ...networkControls,
  ...storageControls,
  ...templateControls,
  ...workloadControls,
  ...edgeControls,
];
