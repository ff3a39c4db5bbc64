import { lookUntil } from '../../../../host/wait.ts';
import { selects } from '../../../../probes/kubernetes/label-selector.ts';
import type { ServiceObject } from '../../../../probes/kubernetes/objects.ts';
import { hasEnded } from '../../../../probes/store/member-pods.ts';
import type { Fields } from '../../../../reports/record/observations/index.ts';
import type { CheckContext } from '../../../harness/context.ts';
import type { Leading } from '../../_objects/containers.ts';
import { listPods } from '../../_objects/declared.ts';
import { conditionTrue } from '../../_objects/shapes.ts';
import type { PodObject } from '../../_objects/shapes.ts';
import { strayIn } from './stray.ts';
import { namespacedName } from '../../../../probes/kubernetes/kube-object.ts';

const LOOK_EVERY_MS = 1000;

/** What a Service leads to follows its pods a moment later: what does not fit is looked at again until it does, or `settle` is over. */
export async function recordEndpoints(ctx: CheckContext, leading: readonly Leading[]): Promise<void> {
  if (leading.length === 0) return;
  const seen = await lookUntil(
    () => lookAt(ctx, leading),
    (now) => now.every((one) => strayIn(one).length === 0),
    { deadlineMs: ctx.timeoutMs('settle'), intervalMs: LOOK_EVERY_MS, signal: ctx.signal },
  );
  for (const one of seen) ctx.record('service-endpoints', one);
}

/** Nothing after a refusal, which is recorded. */
async function lookAt(
  ctx: CheckContext,
  leading: readonly Leading[],
): Promise<Fields<'service-endpoints'>[]> {
  const pods = await listPods(ctx);
  const slices = await ctx.cluster.items({ kind: 'discovery.k8s.io/v1/EndpointSlice' });
  if (pods === null || slices === null) return [];
  return leading.map(({ workload, service }) => ({
    workload,
    service: namespacedName(service),
    pods: pods.filter((pod) => isBehind(pod, service)).map(podOf),
    addresses: slices
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service.metadata.name)
      .filter(({ metadata }) => metadata.namespace === service.metadata.namespace)
      .flatMap(({ endpoints }) => (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false))
      .flatMap(({ addresses }) => addresses),
    ...(service.spec.publishNotReadyAddresses === true && { publishesUnready: true as const }),
  }));
}

const isBehind = (pod: PodObject, { metadata, spec }: ServiceObject): boolean =>
  pod.metadata.namespace === metadata.namespace &&
  selects({ matchLabels: spec.selector ?? {} }, pod.metadata.labels) &&
  pod.status.podIP !== undefined &&
  !hasEnded(pod);

/** A pod that is being deleted is taken out while it still says that it is ready. */
function podOf(pod: PodObject): Fields<'service-endpoints'>['pods'][number] {
  const { podIP = '', podIPs = [{ ip: podIP }], conditions } = pod.status;
  const ready = pod.metadata.deletionTimestamp === undefined && conditionTrue(conditions, 'Ready');
  return { pod: namespacedName(pod), ips: podIPs.flatMap(({ ip }) => ip ?? []), ready };
}
