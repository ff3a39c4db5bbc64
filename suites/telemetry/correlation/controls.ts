import { omit } from '../_following/breaking.ts';
import { FEW } from '../_following/controls.ts';
import { controlsFor } from '../../harness/control.ts';

export const controls = controlsFor('telemetry/correlation', {
  'id-stripped': {
    title: 'the lines of tender-api carry no trace id',
    seen: /trace ids in the lines of tender-api.*carry none/,
    settings: { settings: { canary: FEW } },
    break: (ctx) => omit(ctx, 'log-trace-id'),
  },
});
