import { canary, deployment, idlePod, someImage } from '../../../_breaking/objects.ts';
import type { Control, ControlContext } from '../../../harness/control.ts';
import { podMetadata } from '../../_objects/canary.ts';

const STRAY = 'control-stray';

export const controls: readonly Control[] = [
  {
    id: 'topology/workloads/declared/scaled-to-zero',
    check: 'topology/workloads/declared',
    verdict: 'fail',
    size: 'any',
    title: 'the gateway is scaled to 0',
    expectSeen: /replicas of Deployment edge\/gateway/,
    break: (ctx) => ctx.patch(deployment('edge', 'gateway'), { spec: { replicas: 0 } }),
  },
  {
    id: 'topology/workloads/declared/stray-pod',
    check: 'topology/workloads/declared',
    verdict: 'fail',
    size: 'any',
    title: 'an undeclared pod runs beside the platform',
    expectSeen: new RegExp(`Pod tender/${STRAY}`),
    break: strayPod,
  },
];

async function strayPod(ctx: ControlContext): Promise<void> {
  const template = idlePod(STRAY, await someImage(ctx));
  const pod = canary('v1', 'Pod', STRAY, { spec: template['spec'] });
  await ctx.apply([{ ...pod, metadata: podMetadata({ ...pod.metadata, namespace: 'tender' }) }]);
}
