import { setApiServers } from '../../../../env/local/cluster/index.ts';
import { nodesOf } from '../../../../env/local/nodes/index.ts';
import { controlsFor } from '../../../harness/control.ts';
import type { ControlContext } from '../../../harness/control.ts';

export const controls = controlsFor('topology/cluster/api-balanced', {
  'one-node': {
    size: 'full',
    title: 'the address that clients use leads to one control-plane node only',
    seen: /while the API server of \S+ is down/,
    break: pointAtOne,
  },
});

/** Leaves the address with one node. When the check takes down that node's API server, nothing answers. */
async function pointAtOne(ctx: ControlContext): Promise<void> {
  const instance = ctx.instance;
  const before = nodesOf(instance, ctx.size)
    .filter((node) => node.role === 'control')
    .map(({ name, address }) => ({ name, address }));
  const rollback = { kind: 'api-servers' as const, instance, before };
  await ctx.actWithRollback({
    title: 'the load balancer knows one API server only',
    rollback,
    act: () => setApiServers(instance, before.slice(0, 1)),
  });
}
