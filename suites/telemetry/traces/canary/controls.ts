import { disconnectSource, omit } from '../../_following/breaking.ts';
import { FEW } from '../../_following/controls.ts';
import type { Control } from '../../../harness/control.ts';

export const controls: readonly Control[] = [
  {
    id: 'telemetry/traces/canary/exporter-dropped',
    check: 'telemetry/traces/canary',
    verdict: 'fail',
    size: 'any',
    title: 'tender-api exports no spans',
    expectSeen: /no span of tender-api/,
    settings: { settings: { canary: FEW } },
    break: (ctx) => omit(ctx, 'export'),
  },
  {
    id: 'telemetry/traces/canary/context-dropped',
    check: 'telemetry/traces/canary',
    verdict: 'fail',
    size: 'any',
    title: 'the trace context is not passed on through AMQP',
    expectSeen: /tender-api → tender-ai \(amqp\)/,
    settings: { settings: { canary: FEW } },
    requires: ['ai'],
    break: (ctx) => omit(ctx, 'amqp-context'),
  },
  {
    id: 'telemetry/traces/canary/store-unreachable',
    check: 'telemetry/traces/canary',
    verdict: 'inconclusive',
    size: 'any',
    title: 'the Service of the trace store leads nowhere',
    expectSeen: /store of traces unavailable/,
    settings: { settings: { canary: FEW } },
    break: (ctx) => disconnectSource(ctx, 'traces'),
  },
];
