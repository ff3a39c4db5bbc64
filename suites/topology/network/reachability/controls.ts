import { nodeSpec } from '../../../../env/local/nodes/index.ts';
import { controlsFor } from '../../../harness/control.ts';
import type { ControlContext } from '../../../harness/control.ts';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const IP_DEADLINE_MS = 5000;

export const controls = controlsFor('topology/network/reachability', {
  'route-dropped': {
    title: 'worker-1 has no route to the pods of worker-2',
    seen: /worker-1 -> worker-2/,
    break: dropRoute,
  },
});

async function dropRoute(ctx: ControlContext): Promise<void> {
  const [from, to] = [nodeSpec(ctx.instance, 'worker-1'), nodeSpec(ctx.instance, 'worker-2')];
  const route = (await ip(['-n', from.netns, 'route', 'show', 'exact', to.podCidr])).trim().split(/\s+/);
  if (route[0] !== to.podCidr)
    throw new Error(`${from.name} has no route to ${to.podCidr}: expected one via ${to.address}`);
  const act = async (): Promise<void> => {
    await ip(['-n', from.netns, 'route', 'del', ...route]);
  };
  await ctx.actWithRollback({
    title: `${from.name} loses its route to the pods of ${to.name}`,
    rollback: { kind: 'route', netns: from.netns, route },
    act,
  });
}

async function ip(argv: string[]): Promise<string> {
  return (await promisify(execFile)('ip', argv, { timeout: IP_DEADLINE_MS })).stdout;
}
