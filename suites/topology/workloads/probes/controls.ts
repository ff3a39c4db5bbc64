import { changed } from '../../_objects/gateway-template.ts';
import { controlsFor } from '../../../harness/control.ts';

export const controls = controlsFor('topology/workloads/probes', {
  'readiness-removed': {
    title: 'the gateway has no readiness probe',
    seen: /readiness of Deployment edge\/gateway/,
    break: (ctx) => changed(ctx, ({ readinessProbe: _removed, ...rest }) => rest),
  },
  'liveness-removed': {
    title: 'the gateway has no liveness probe',
    seen: /liveness of Deployment edge\/gateway/,
    break: (ctx) => changed(ctx, ({ livenessProbe: _removed, ...rest }) => rest),
  },
});
