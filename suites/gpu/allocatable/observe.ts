import { gpuOf, recordClaimsBesides, recordNodes } from '../_pool/pool.ts';
import type { CheckContext } from '../../harness/context.ts';
import { listPods } from '../../topology/_objects/declared.ts';
import { recordEvidence } from '../../topology/_objects/evidence.ts';
import { conditionTrue, ownerOf } from '../../topology/_objects/shapes.ts';
import type { PodObject } from '../../topology/_objects/shapes.ts';

/** `gpu/allocatable`: what nodes offer, and whether the declared plugin runs on all of them. */
export async function observe(ctx: CheckContext): Promise<void> {
  const members = await ctx.step('read what nodes offer', () => recordNodes(ctx));
  await ctx.step('see whether devices are claimed instead', () => recordClaimsBesides(ctx, members ?? []));
  const { plugin } = gpuOf(ctx);
  if (plugin === undefined) return;
  await ctx.step('read the device plugin', async () => {
    const sets = await ctx.cluster.items({ kind: 'apps/v1/DaemonSet' });
    const found = sets?.find(
      ({ metadata }) => metadata.namespace === plugin.namespace && metadata.name === plugin.name,
    );
    const pods = await listPods(ctx);
    if (found === undefined || pods === null) return;
    const { desiredNumberScheduled = 0, numberReady = 0 } = found.status ?? {};
    const nodes = pods
      .filter((pod) => isReadyPodOf(pod, plugin))
      .flatMap(({ spec: { nodeName } }) => nodeName ?? []);
    ctx.record('gpu-plugin', { ready: numberReady, wanted: desiredNumberScheduled, nodes });
    if (numberReady < desiredNumberScheduled) await recordEvidence(ctx, [found]);
  });
}

function isReadyPodOf(pod: PodObject, { namespace, name }: { namespace: string; name: string }): boolean {
  const owner = ownerOf(pod);
  return (
    pod.metadata.namespace === namespace &&
    owner.kind === 'DaemonSet' &&
    owner.name === name &&
    conditionTrue(pod.status.conditions, 'Ready')
  );
}
