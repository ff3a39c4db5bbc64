import { AUTOSCALER } from '../../_autoscaler/breaking.ts';
import type { Control } from '../../../harness/control.ts';

/** Much, few for less time than an autoscaler that remembers 60 s needs to follow, and much again. */
const TEETH = 2;

export const controls: readonly Control[] = [
  {
    id: 'scaling/backend/down/saw-tooth',
    check: 'scaling/backend/down',
    verdict: 'fail',
    size: 'any',
    title: 'the autoscaler forgets at once, and the load comes and goes',
    expectSeen: /flap/i,
    settings: { settings: { teeth: TEETH } },
    break: (ctx) =>
      ctx.patch(AUTOSCALER, { spec: { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } } }),
  },
];
