import { changePatroni, paused } from '../../../_breaking/patroni.ts';
import { required } from '../../../_breaking/objects.ts';
import { controlsFor } from '../../../harness/control.ts';
import type { ControlContext } from '../../../harness/control.ts';

const POSTGRES = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  namespace: 'tender',
  name: 'postgres',
} as const;

/** Patroni ends a member within its shutdown checkpoint; the pod's grace is 30 s. */
const MEMBER_GONE_MS = 45_000;

export const controls = controlsFor('topology/workloads/roles', {
  'replica-detached': {
    title: 'one member of PostgreSQL is taken away',
    seen: /members of postgres/,
    break: detachReplica,
  },
  paused: {
    title: 'PostgreSQL is paused: every member follows, and nobody would take over',
    seen: /automatic failover of postgres/,
    break: (ctx) =>
      changePatroni(ctx, { pause: true }, { what: 'Patroni to be paused', probe: () => paused(ctx) }),
  },
});

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
