import { omit } from '../../_following/breaking.ts';
import { FEW } from '../../_following/controls.ts';
import { controlsFor } from '../../../harness/control.ts';

/** A share is decided by blocks of time: what is lost within 5 s may be one event, and decides nothing. */
const OVER_15_S = { ...FEW, requests: 300 };

export const controls = controlsFor('telemetry/traces/complete', {
  'exporter-dropped': {
    title: 'tender-api exports no spans',
    seen: /no span of tender-api/,
    settings: { settings: { canary: OVER_15_S } },
    break: (ctx) => omit(ctx, 'export'),
  },
});
