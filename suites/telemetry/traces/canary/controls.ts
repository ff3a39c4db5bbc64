import { disconnectSource, omit } from '../../_following/breaking.ts';
import { FEW } from '../../_following/controls.ts';
import { controlsFor } from '../../../harness/control.ts';

export const controls = controlsFor('telemetry/traces/canary', {
  'exporter-dropped': {
    title: 'tender-api exports no spans',
    seen: /no span of tender-api/,
    settings: { settings: { canary: FEW } },
    break: (ctx) => omit(ctx, 'export'),
  },
  'context-dropped': {
    title: 'the trace context is not passed on through AMQP',
    seen: /tender-api → tender-ai \(amqp\)/,
    settings: { settings: { canary: FEW } },
    requires: ['ai'],
    break: (ctx) => omit(ctx, 'amqp-context'),
  },
  'store-unreachable': {
    verdict: 'inconclusive',
    title: 'the Service of the trace store leads nowhere',
    seen: /store of traces unavailable/,
    settings: { settings: { canary: FEW } },
    break: (ctx) => disconnectSource(ctx, 'traces'),
  },
});
