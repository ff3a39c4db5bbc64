import type { PoolNode } from '../_pool/pool.ts';
import { toleratesAll } from '../../../probes/gpu/index.ts';
import type { CheckContext } from '../../harness/context.ts';

/** Records the taints of the pool and its pods, but for static ones. One that does not tolerate them was there before, or bypassed the scheduler. */
export function recordTenants(ctx: CheckContext, nodes: readonly PoolNode[]): void {
  for (const { node, taints, pods } of nodes) {
    const lasting = taints.filter(({ key }) => !key.startsWith('node.kubernetes.io/'));
    const tenants = pods
      .filter(({ isStatic }) => !isStatic)
      .map(({ name, tolerations }) => ({ pod: name, tolerates: toleratesAll(tolerations, lasting) }));
    const known = taints.map(({ key, value, effect }) => ({
      key,
      ...(value !== undefined && { value }),
      effect,
    }));
    ctx.record('gpu-tenants', { node, taints: known, tenants });
  }
}
