import { omit } from '../../_following/breaking.ts';
import type { Control } from '../../../harness/control.ts';

export const controls: readonly Control[] = [
  {
    id: 'telemetry/traces/under-fault/exporter-dropped',
    check: 'telemetry/traces/under-fault',
    verdict: 'fail',
    size: 'any',
    title: 'tender-api exports no spans while PostgreSQL fails over',
    expectSeen: /no span of tender-api/,
    break: (ctx) => omit(ctx, 'export'),
  },
];
