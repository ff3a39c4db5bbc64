import { canary, deployment, idlePod, someImage } from '../../../_breaking/objects.ts';
import { controlsFor } from '../../../harness/control.ts';
import type { ControlContext } from '../../../harness/control.ts';
import { podMetadata } from '../../_objects/canary.ts';

const STRAY = 'control-stray';

export const controls = controlsFor('topology/workloads/declared', {
  'scaled-to-zero': {
    title: 'the gateway is scaled to 0',
    seen: /replicas of Deployment edge\/gateway/,
    break: { patch: [deployment('edge', 'gateway'), { spec: { replicas: 0 } }] },
  },
  'stray-pod': {
    title: 'an undeclared pod runs beside the platform',
    seen: new RegExp(`Pod tender/${STRAY}`),
    break: strayPod,
  },
});

async function strayPod(ctx: ControlContext): Promise<void> {
  const template = idlePod(STRAY, await someImage(ctx));
  const pod = canary('v1', 'Pod', STRAY, { spec: template['spec'] });
  await ctx.apply([{ ...pod, metadata: podMetadata({ ...pod.metadata, namespace: 'tender' }) }]);
}
