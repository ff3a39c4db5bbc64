import { AUTOSCALER, SHORT_WAIT_MS, withoutMetrics } from '../../_autoscaler/breaking.ts';
import { deployment } from '../../../_breaking/objects.ts';
import type { Control } from '../../../harness/control.ts';

const METRICS = deployment('kube-system', 'metrics-server');

export const controls: readonly Control[] = [
  {
    id: 'scaling/backend/up/no-metrics',
    check: 'scaling/backend/up',
    verdict: 'inconclusive',
    size: 'any',
    title: 'there is no metrics-server',
    expectSeen: /the autoscaler ha(?:s no metric|d no metric for a part of the load):/,
    settings: { settings: { scaleUpMs: SHORT_WAIT_MS } },
    break: (ctx) => withoutMetrics(ctx, METRICS, AUTOSCALER),
  },
  {
    id: 'scaling/backend/up/max-one',
    check: 'scaling/backend/up',
    verdict: 'fail',
    size: 'any',
    title: 'the autoscaler may have one pod at most',
    expectSeen: /maximum/i,
    settings: { settings: { scaleUpMs: SHORT_WAIT_MS } },
    break: (ctx) => ctx.patch(AUTOSCALER, { spec: { minReplicas: 1, maxReplicas: 1 } }),
  },
];
