import { omit } from '../_following/breaking.ts';
import { FEW } from '../_following/controls.ts';
import type { Control } from '../../harness/control.ts';

export const controls: readonly Control[] = [
  {
    id: 'telemetry/correlation/id-stripped',
    check: 'telemetry/correlation',
    verdict: 'fail',
    size: 'any',
    title: 'the lines of tender-api carry no trace id',
    expectSeen: /trace ids in the lines of tender-api.*carry none/,
    settings: { settings: { canary: FEW } },
    break: (ctx) => omit(ctx, 'log-trace-id'),
  },
];
