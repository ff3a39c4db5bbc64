import { AUTOSCALER, SHORT_WAIT_MS, withoutMetrics } from '../../_autoscaler/breaking.ts';
import { deployment } from '../../../_breaking/objects.ts';
import { controlsFor } from '../../../harness/control.ts';

const METRICS = deployment('kube-system', 'metrics-server');

export const controls = controlsFor('scaling/backend/up', {
  'no-metrics': {
    verdict: 'inconclusive',
    title: 'there is no metrics-server',
    seen: /the autoscaler ha(?:s no metric|d no metric for a part of the load):/,
    settings: { settings: { scaleUpMs: SHORT_WAIT_MS } },
    break: (ctx) => withoutMetrics(ctx, METRICS, AUTOSCALER),
  },
  'max-one': {
    title: 'the autoscaler may have one pod at most',
    seen: /maximum/i,
    settings: { settings: { scaleUpMs: SHORT_WAIT_MS } },
    break: { patch: [AUTOSCALER, { spec: { minReplicas: 1, maxReplicas: 1 } }] },
  },
});
