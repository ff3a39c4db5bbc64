import { NO_SHIPPER, namesNode, stopOne } from '../../_following/controls.ts';
import { controlsFor } from '../../../harness/control.ts';

export const controls = controlsFor('telemetry/logs/under-fault', {
  'shipper-stopped': {
    title: 'no shipper on one node while PostgreSQL fails over',
    seen: NO_SHIPPER,
    break: stopOne,
    verify: namesNode,
  },
});
