import { SHORT_WAIT_MS, autoscalerOf, withoutMetrics } from '../../_autoscaler/breaking.ts';
import { specOf } from '../../_autoscaler/hpa.ts';
import { deployment, required } from '../../../_breaking/objects.ts';
import { controlsFor } from '../../../harness/control.ts';
import type { ControlContext } from '../../../harness/control.ts';

const ADAPTER = deployment('kube-system', 'prometheus-adapter');

const AI_AUTOSCALER = autoscalerOf('tender-ai');

export const controls = controlsFor('scaling/ai/up', {
  'no-metrics': {
    verdict: 'inconclusive',
    title: 'no server answers for external metrics',
    seen: /has no metric/,
    settings: { settings: { scaleUpMs: SHORT_WAIT_MS } },
    break: (ctx) => withoutMetrics(ctx, ADAPTER, AI_AUTOSCALER),
  },
  'max-min': {
    title: 'the autoscaler of the AI service may have no more pods than its minimum',
    seen: /stuck at the maximum/,
    settings: { settings: { scaleUpMs: SHORT_WAIT_MS } },
    break: withoutRoom,
  },
});

async function withoutRoom(ctx: ControlContext): Promise<void> {
  const { min } = specOf(await required(ctx, AI_AUTOSCALER));
  await ctx.patch(AI_AUTOSCALER, { spec: { maxReplicas: min } });
}
