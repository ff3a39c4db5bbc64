import { AUTOSCALER } from '../../_autoscaler/breaking.ts';
import { controlsFor } from '../../../harness/control.ts';

/** Two peaks of load, with a trough too short for an autoscaler with a window of 60 s to scale down in. */
const TEETH = 2;

export const controls = controlsFor('scaling/backend/down', {
  'saw-tooth': {
    title: 'the autoscaler has no stabilisation window, and the load comes and goes',
    seen: /flap/i,
    settings: { settings: { teeth: TEETH } },
    break: { patch: [AUTOSCALER, { spec: { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } } }] },
  },
});
