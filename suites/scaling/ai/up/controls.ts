import { SHORT_WAIT_MS, autoscalerOf, withoutMetrics } from '../../_autoscaler/breaking.ts';
import { specOf } from '../../_autoscaler/hpa.ts';
import { deployment, required } from '../../../_breaking/objects.ts';
import type { Control, ControlContext } from '../../../harness/control.ts';

const EXTERNAL_METRICS = deployment('kube-system', 'external-metrics');

const AI_AUTOSCALER = autoscalerOf('tender-ai');

export const controls: readonly Control[] = [
  {
    id: 'scaling/ai/up/no-metrics',
    check: 'scaling/ai/up',
    verdict: 'inconclusive',
    size: 'any',
    title: 'no server answers for external metrics',
    expectSeen: /has no metric/,
    settings: { settings: { scaleUpMs: SHORT_WAIT_MS } },
    break: (ctx) => withoutMetrics(ctx, EXTERNAL_METRICS, AI_AUTOSCALER),
  },
  {
    id: 'scaling/ai/up/max-min',
    check: 'scaling/ai/up',
    verdict: 'fail',
    size: 'any',
    title: 'the autoscaler of the AI service may have no more pods than its minimum',
    expectSeen: /stuck at the maximum/,
    settings: { settings: { scaleUpMs: SHORT_WAIT_MS } },
    break: withoutRoom,
  },
];

async function withoutRoom(ctx: ControlContext): Promise<void> {
  const { min } = specOf(await required(ctx, AI_AUTOSCALER));
  await ctx.patch(AI_AUTOSCALER, { spec: { maxReplicas: min } });
}
