/** Every control, in the order in which they run: the short ones first. A new control is listed in its family's file. */
import type { Control } from './control.ts';
import { failoverControls } from './failover.ts';
import { gpuControls } from './gpu.ts';
import { integrationsControls } from './integrations.ts';
import { performanceControls } from './performance.ts';
import { scalingControls } from './scaling.ts';
import { telemetryControls } from './telemetry.ts';
import { topologyControls } from './topology.ts';

export const controls: readonly Control[] = [
  ...topologyControls,
  ...performanceControls,
  ...integrationsControls,
  ...gpuControls,
  ...telemetryControls,
  ...failoverControls,
  ...scalingControls,
];
