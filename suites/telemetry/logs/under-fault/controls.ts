import { NO_SHIPPER, namesNode, stopOne } from '../../_following/controls.ts';
import type { Control } from '../../../harness/control.ts';

export const controls: readonly Control[] = [
  {
    id: 'telemetry/logs/under-fault/shipper-stopped',
    check: 'telemetry/logs/under-fault',
    verdict: 'fail',
    size: 'any',
    title: 'no shipper on one node while PostgreSQL fails over',
    expectSeen: NO_SHIPPER,
    break: stopOne,
    verify: namesNode,
  },
];
