import { staticPodRemoval, stopStaticPod } from '../../../../env/local/cluster/index.ts';
import { nodeSpec } from '../../../../env/local/nodes/index.ts';
import { controlsFor } from '../../../harness/control.ts';
import type { ControlContext } from '../../../harness/control.ts';
import { connect } from 'node:net';

const ETCD_CLIENT_PORT = 2379;

/** kubelet looks for changed manifests every 20 s, then etcd ends within its grace period. */
const STATIC_POD_MS = 60_000;

export const controls = controlsFor('topology/cluster/control-plane', {
  'etcd-stopped': {
    size: 'full',
    title: 'one etcd member is stopped',
    seen: /etcd member/,
    break: stopEtcd,
  },
});

async function stopEtcd(ctx: ControlContext): Promise<void> {
  const node = nodeSpec(ctx.instance, 'control-3');
  const rollback = { kind: 'static-pod' as const, ...staticPodRemoval(node, 'etcd') };
  const act = async (): Promise<void> => {
    await stopStaticPod(node, 'etcd');
  };
  await ctx.actWithRollback({ title: `etcd of ${node.name} is stopped`, rollback, act });
  const gone = async (): Promise<true | null> =>
    (await accepts(node.address, ETCD_CLIENT_PORT)) ? null : true;
  await ctx.until(`etcd of ${node.name} to refuse connections`, gone, { timeoutMs: STATIC_POD_MS });
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const end = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}
