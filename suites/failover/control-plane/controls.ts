import { setApiServers } from '../../../env/local/cluster/index.ts';
import { nodesOf } from '../../../env/local/nodes/index.ts';
import { controlsFor } from '../../harness/control.ts';
import type { Control, ControlContext } from '../../harness/control.ts';

/** Longer than any failover of the control plane takes, so that "never" is not said too early. */
const SHORT_DEADLINE_MS = 25_000;

export const controls: readonly Control[] = (['leader-crash', 'etcd-crash'] as const).flatMap((fault) =>
  controlsFor(`failover/control-plane/${fault}`, {
    'one-server': {
      size: 'full',
      title: 'the address that clients use leads to the one control-plane node that is hit',
      seen: /RTO > /,
      settings: { settings: { rtoDeadlineMs: SHORT_DEADLINE_MS } },
      break: (ctx) => pointAtLeader(ctx, fault),
    },
  }),
);

/**
 * Clients get a load balancer that knows only the API server that will be killed; the other API servers keep serving those who connect
 * directly.
 */
async function pointAtLeader(ctx: ControlContext, fault: 'leader-crash' | 'etcd-crash'): Promise<void> {
  const instance = ctx.instance;
  const before = nodesOf(instance, ctx.size)
    .filter((node) => node.role === 'control')
    .map(({ name, address }) => ({ name, address }));
  const leader = fault === 'leader-crash' ? await leaseHolder(ctx) : await etcdLeader(ctx, before);
  const only = before.filter(({ name }) => name === leader);
  if (only.length === 0) throw new Error(`no control-plane node is named ${leader}`);
  await ctx.actWithRollback({
    title: `the load balancer knows the API server of ${leader} only`,
    rollback: { kind: 'api-servers', instance, before },
    act: () => setApiServers(instance, only),
  });
}

async function leaseHolder(ctx: ControlContext): Promise<string> {
  const lease = await ctx.get({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    namespace: 'kube-system',
    name: 'kube-controller-manager',
  });
  const { holderIdentity = '' } = lease?.spec ?? {};
  return holderIdentity.slice(0, holderIdentity.lastIndexOf('_'));
}

/** Each member says of itself whether it leads. */
async function etcdLeader(ctx: ControlContext, nodes: readonly { name: string }[]): Promise<string> {
  for (const { name } of nodes) {
    const pod = { namespace: 'kube-system', pod: `etcd-${name}`, container: 'etcd' };
    const pki = '/etc/kubernetes/pki/etcd';
    const { stdout } = await ctx.exec(pod, [
      'etcdctl',
      '--endpoints=https://127.0.0.1:2379',
      `--cacert=${pki}/ca.crt`,
      `--cert=${pki}/server.crt`,
      `--key=${pki}/server.key`,
      'endpoint',
      'status',
      '--write-out=json',
    ]);
    // Ids are larger than a number of JavaScript: compared as text.
    const member = /"member_id":(\d+)/.exec(stdout)?.[1];
    const leader = /"leader":(\d+)/.exec(stdout)?.[1];
    if (member !== undefined && member === leader) return name;
  }
  throw new Error('no member of etcd says that it leads');
}
