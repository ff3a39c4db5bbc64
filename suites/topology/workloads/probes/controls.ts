import { changed } from '../../_objects/gateway-template.ts';
import type { Control } from '../../../harness/control.ts';

export const controls: readonly Control[] = [
  {
    id: 'topology/workloads/probes/readiness-removed',
    check: 'topology/workloads/probes',
    verdict: 'fail',
    size: 'any',
    title: 'the gateway has no readiness probe',
    expectSeen: /readiness of Deployment edge\/gateway/,
    break: (ctx) => changed(ctx, ({ readinessProbe: _removed, ...rest }) => rest),
  },
  {
    id: 'topology/workloads/probes/liveness-removed',
    check: 'topology/workloads/probes',
    verdict: 'fail',
    size: 'any',
    title: 'the gateway has no liveness probe',
    expectSeen: /liveness of Deployment edge\/gateway/,
    break: (ctx) => changed(ctx, ({ livenessProbe: _removed, ...rest }) => rest),
  },
];
