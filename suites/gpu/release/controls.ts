import { DEVICES, offers } from '../_pool/breaking.ts';
import { controlsFor } from '../../harness/control.ts';

/** Twice the goal for the return of a device. */
const LINGERS_SECONDS = 60;

export const controls = controlsFor('gpu/release', {
  lingering: {
    size: 'full',
    title: `a pod takes ${LINGERS_SECONDS} s to end`,
    seen: /seen in use again after \d+\.\d s/,
    settings: { settings: { lingersSeconds: LINGERS_SECONDS, restart: false } },
    break: (ctx) => offers(ctx, DEVICES),
  },
});
