import type { CheckContext } from '../../harness/context.ts';
import { findWorkloads, listPods, podsOf } from '../../topology/_objects/declared.ts';
import { namespacedName } from '../../../probes/kubernetes/kube-object.ts';

/** Pods of the declared workloads that ask for devices, and the nodes that they run on. */
export async function recordPlaced(ctx: CheckContext): Promise<void> {
  const workloads = await findWorkloads(ctx, ({ gpu }) => gpu !== undefined);
  if (workloads.length === 0) return;
  const pods = await listPods(ctx);
  if (pods === null) return;
  for (const workload of workloads) {
    const placed = podsOf(workload, pods).map(({ metadata, spec }) => ({
      pod: namespacedName({ metadata }),
      node: spec.nodeName ?? null,
    }));
    ctx.record('gpu-placed', { workload: workload.name, pods: placed });
  }
}
