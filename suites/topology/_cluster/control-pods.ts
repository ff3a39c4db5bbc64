import type { CheckContext } from '../../harness/context.ts';
import { listPods, setting } from '../_objects/declared.ts';
import { hasLabels } from '../_objects/shapes.ts';
import type { PodObject } from '../_objects/shapes.ts';

const NAMES = { etcd: 'etcd', apiServer: 'API servers' } as const;

/**
 * The pods of a part of the declared control plane. Where none is found it is not known whether there is any: kubeadm's namespace and labels,
 * which are the default, are not those of every distribution. That is recorded, with the key that says otherwise.
 */
export async function controlPods(ctx: CheckContext, part: keyof typeof NAMES): Promise<PodObject[]> {
  const declared = setting(ctx, 'controlPlane')?.[part];
  const pods = declared === undefined ? null : await listPods(ctx);
  if (declared === undefined || pods === null) return [];
  const { namespace, labels } = declared;
  const found = pods.filter(
    ({ metadata }) => metadata.namespace === namespace && hasLabels(labels, metadata.labels),
  );
  if (found.length > 0) return found;
  const wanted = Object.entries(labels).map((pair) => pair.join('='));
  ctx.unavailable(
    NAMES[part],
    `no pod in the namespace ${namespace} has the labels ${wanted.join(', ')}; topology.controlPlane.${part} of the environment file says where they are (namespace, labels)`,
  );
  return [];
}
