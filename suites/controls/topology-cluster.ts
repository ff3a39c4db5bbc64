import { connect } from 'node:net';
import { nodeSpec, nodesOf } from '../../env/local/nodes/index.ts';
import { setApiServers, staticPodRemoval, stopStaticPod } from '../../env/local/cluster/index.ts';
import type { Control, ControlContext } from './control.ts';
import { CERTIFICATE_PORT, serveCertificate, UNSIGNED_PORT } from './short-certificate.ts';

const ETCD_CLIENT_PORT = 2379;
/** kubelet looks for changed manifests every 20 s, then etcd ends within its grace period. */
const STATIC_POD_MS = 60_000;
const SHORT_DAYS = 5;
const LASTING_DAYS = 90;

/** What Kubernetes itself adds to a cordoned node; set here too, so that nobody else changes the list that is put back. */
const CORDONED = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

export const clusterControls: readonly Control[] = [
  {
    id: 'topology/cluster/versions/short-certificate',
    check: 'topology/cluster/versions',
    verdict: 'fail',
    size: 'any',
    title: `a declared endpoint serves a certificate that is valid for ${SHORT_DAYS} days`,
    expectSeen: /short-lived.*[45]\.\d days/,
    settings: {
      settings: {
        certificates: [{ name: 'short-lived', host: '127.0.0.1', port: CERTIFICATE_PORT, trust: 'system' }],
      },
    },
    break: (ctx) => serveCertificate({ days: SHORT_DAYS, port: CERTIFICATE_PORT }, ctx.signal),
  },
  {
    id: 'topology/cluster/versions/signed-by-nobody',
    check: 'topology/cluster/versions',
    verdict: 'fail',
    size: 'any',
    title: 'a declared endpoint serves a certificate that no trusted authority signed, for another name',
    expectSeen: /chain of certificate of stranger/,
    settings: {
      settings: {
        certificates: [{ name: 'stranger', host: '127.0.0.1', port: UNSIGNED_PORT, trust: 'system' }],
      },
    },
    break: (ctx) => serveCertificate({ days: LASTING_DAYS, port: UNSIGNED_PORT }, ctx.signal),
  },
  {
    id: 'topology/cluster/control-plane/etcd-stopped',
    check: 'topology/cluster/control-plane',
    verdict: 'fail',
    size: 'full',
    title: 'one etcd member is stopped',
    expectSeen: /etcd member/,
    break: stopEtcd,
  },
  {
    id: 'topology/cluster/api-balanced/one-node',
    check: 'topology/cluster/api-balanced',
    verdict: 'fail',
    size: 'full',
    title: 'the address that clients use leads to one control-plane node only',
    expectSeen: /while the API server of \S+ is down/,
    break: pointAtOne,
  },
  {
    id: 'topology/nodes/pools/cordoned',
    check: 'topology/nodes/pools',
    verdict: 'fail',
    size: 'any',
    title: 'a node of the general pool is cordoned and tainted',
    expectSeen: /cordoned/,
    break: (ctx) =>
      ctx.patch(
        { apiVersion: 'v1', kind: 'Node', name: 'worker-1' },
        {
          spec: {
            unschedulable: true,
            taints: [CORDONED, { key: 'plumbline.dev/control', effect: 'PreferNoSchedule' }],
          },
        },
      ),
  },
];

async function stopEtcd(ctx: ControlContext): Promise<void> {
  const node = nodeSpec(ctx.instance, 'control-3');
  const inverse = { kind: 'static-pod' as const, ...staticPodRemoval(node, 'etcd') };
  const act = async (): Promise<void> => {
    await stopStaticPod(node, 'etcd');
  };
  await ctx.ledgered({ title: `etcd of ${node.name} is stopped`, inverse, act });
  const gone = async (): Promise<true | null> =>
    (await accepts(node.address, ETCD_CLIENT_PORT)) ? null : true;
  await ctx.until(`etcd of ${node.name} to refuse connections`, gone, { timeoutMs: STATIC_POD_MS });
}

/** The node that the address is left with is taken down by the check itself: then nothing answers. */
async function pointAtOne(ctx: ControlContext): Promise<void> {
  const instance = ctx.instance;
  const before = nodesOf(instance, ctx.size)
    .filter((node) => node.role === 'control')
    .map(({ name, address }) => ({ name, address }));
  const inverse = { kind: 'api-servers' as const, instance, before };
  await ctx.ledgered({
    title: 'the load balancer knows one API server only',
    inverse,
    act: () => setApiServers(instance, before.slice(0, 1)),
  });
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
