import { stopShipper } from '../../_following/breaking.ts';
import { NotApplicable, controlsFor } from '../../../harness/control.ts';
import type { ControlContext } from '../../../harness/control.ts';

/** Patroni logs a line every 5 s: after this time its pods have unshipped lines that should have arrived. */
const UNSHIPPED_MS = 30_000;

/** @throws NotApplicable where no PostgreSQL is one StatefulSet under Patroni */
function talkative({ environment: { stores } }: ControlContext): { namespace: string; name: string } {
  const { statefulSet, patroni } = stores.postgres ?? {};
  if (statefulSet === undefined || patroni === undefined)
    throw new NotApplicable(
      'no StatefulSet of PostgreSQL under Patroni is declared: of no other pod is it known that it always writes',
    );
  return { namespace: statefulSet.namespace, name: `${statefulSet.name}-0` };
}

const SOON = { visibleSeconds: 10 };

export const controls = controlsFor('telemetry/logs/every-workload', {
  'shipper-stopped': {
    title: 'no shipper on the node of a pod that logs',
    seen: /missing .* on node/,
    settings: { goals: SOON, settings: { everyWorkload: { waitMs: UNSHIPPED_MS } } },
    break: async (ctx) => {
      const { namespace, name } = talkative(ctx);
      const pods = await ctx.list({ kind: 'v1/Pod', namespace });
      const pod = pods.find(({ metadata }) => metadata.name === name);
      const { nodeName } = pod?.spec ?? {};
      if (nodeName === undefined) throw new Error(`Pod ${namespace}/${name} is on no node`);
      await stopShipper(ctx, nodeName);
    },
    verify: (ctx, { findings }) => {
      const text = ` of ${talkative(ctx).name} on node `;
      const named = findings.some(({ ok, seen }) => !ok && seen.includes(text));
      return Promise.resolve(named ? null : `no finding says what is missing${text}…`);
    },
  },
});
