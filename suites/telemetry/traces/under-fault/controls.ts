import { omit } from '../../_following/breaking.ts';
import { controlsFor } from '../../../harness/control.ts';

export const controls = controlsFor('telemetry/traces/under-fault', {
  'exporter-dropped': {
    title: 'tender-api exports no spans while PostgreSQL fails over',
    seen: /no span of tender-api/,
    break: (ctx) => omit(ctx, 'export'),
  },
});
