import { AUTOSCALER } from '../../_autoscaler/breaking.ts';
import type { Control } from '../../../harness/control.ts';

/** Two peaks of load, with a trough too short for an autoscaler with a window of 60 s to scale down in. */
const TEETH = 2;

export const controls: readonly Control[] = [
  {
    id: 'scaling/backend/down/saw-tooth',
    check: 'scaling/backend/down',
    verdict: 'fail',
    size: 'any',
    title: 'the autoscaler has no stabilisation window, and the load comes and goes',
    expectSeen: /flap/i,
    settings: { settings: { teeth: TEETH } },
    break: (ctx) =>
      ctx.patch(AUTOSCALER, { spec: { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } } }),
  },
];
