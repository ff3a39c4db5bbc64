import { removed } from '../../_following/controls.ts';
import type { Control } from '../../../harness/control.ts';

export const controls: readonly Control[] = [
  removed({ check: 'telemetry/metrics/targets', expectSeen: /job tender-api.*no target/ }),
];
