import type { AutoscalerObject } from '../../../probes/kubernetes/objects.ts';
import { ownerOf, resizedBy } from '../../topology/_objects/shapes.ts';
import type { PodObject } from '../../topology/_objects/shapes.ts';

/** `[namespace/name, kind namespace/name of its workload]` of a pod whose workload an autoscaler resizes. */
type ScaledPod = [string, string];

/** Pods whose number follows the load: the autoscaler may remove one of them. */
export function scaledPods(
  pods: readonly PodObject[],
  autoscalers: readonly AutoscalerObject[],
): ScaledPod[] {
  const scaled = new Set(autoscalers.map((one) => resizedBy(one).workload));
  return pods
    .map((pod): ScaledPod => {
      const { namespace = '', name } = pod.metadata;
      const owner = ownerOf(pod);
      return [`${namespace}/${name}`, `${owner.kind} ${namespace}/${owner.name}`];
    })
    .filter(([, workload]) => scaled.has(workload));
}
