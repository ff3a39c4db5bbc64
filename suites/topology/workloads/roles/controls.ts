import { changePatroni, paused } from '../../../_breaking/patroni.ts';
import { required } from '../../../_breaking/objects.ts';
import type { Control, ControlContext } from '../../../harness/control.ts';

const POSTGRES = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  namespace: 'tender',
  name: 'postgres',
} as const;

/** Patroni ends a member within its shutdown checkpoint; the pod's grace is 30 s. */
const MEMBER_GONE_MS = 45_000;

export const controls: readonly Control[] = [
  {
    id: 'topology/workloads/roles/replica-detached',
    check: 'topology/workloads/roles',
    verdict: 'fail',
    size: 'any',
    title: 'one member of PostgreSQL is taken away',
    expectSeen: /members of postgres/,
    break: detachReplica,
  },
  {
    id: 'topology/workloads/roles/paused',
    check: 'topology/workloads/roles',
    verdict: 'fail',
    size: 'any',
    title: 'PostgreSQL is paused: every member follows, and nobody would take over',
    expectSeen: /automatic failover of postgres/,
    break: (ctx) =>
      changePatroni(ctx, { pause: true }, { what: 'Patroni to be paused', probe: () => paused(ctx) }),
  },
];

/** One replica fewer: its member leaves the cluster, its volume stays, and it comes back to it afterwards. */
async function detachReplica(ctx: ControlContext): Promise<void> {
  const { replicas } = (await required(ctx, POSTGRES)).spec;
  if (replicas === undefined) throw new Error(`StatefulSet ${POSTGRES.name} states no replicas`);
  await ctx.patch(POSTGRES, { spec: { replicas: replicas - 1 } });
  const last = {
    apiVersion: 'v1',
    kind: 'Pod',
    namespace: POSTGRES.namespace,
    name: `${POSTGRES.name}-${replicas - 1}`,
  };
  const gone = async (): Promise<true | null> => ((await ctx.get(last)) === null ? true : null);
  await ctx.until(`pod ${last.name} to be gone`, gone, { timeoutMs: MEMBER_GONE_MS });
}
