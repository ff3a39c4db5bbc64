import { canary, canaryWorkload, idlePod, someImage } from '../../../_breaking/objects.ts';
import { stores } from '../../../../probes/declared-stores.ts';
import { controlsFor } from '../../../harness/control.ts';
import type { ControlContext } from '../../../harness/control.ts';

const CO_LOCATED = 'control-co-located';
const LABELS = { 'app.kubernetes.io/name': CO_LOCATED };

const STATUS_MS = 20_000;

/** A store that nobody asks: only where its pods are is looked at. */
const ITS_MEMBERS = stores.parse({
  redis: {
    members: 2,
    pods: { namespace: 'plumbline-canary', labels: LABELS },
    primary: { host: '198.18.0.1', port: 6379 },
  },
});

export const controls = controlsFor('topology/workloads/spread', {
  'co-located': {
    title: 'both replicas of a declared Deployment run on one node',
    seen: /placement of Deployment/,
    settings: { settings: { workloads: [canaryWorkload('Deployment', CO_LOCATED, 2)] } },
    break: coLocate,
  },
  'co-located-members': {
    title: 'both members of a declared store, chosen by labels, run on one node',
    seen: /placement of members of redis/,
    settings: {
      settings: {
        workloads: [],
        stores: ITS_MEMBERS,
      },
    },
    break: coLocate,
  },
});

async function coLocate(ctx: ControlContext): Promise<void> {
  const selector = { matchLabels: LABELS };
  const template = idlePod(CO_LOCATED, await someImage(ctx), { pod: { nodeName: 'worker-1' } });
  await ctx.apply([
    canary('apps/v1', 'Deployment', CO_LOCATED, { spec: { replicas: 2, selector, template } }),
    canary('policy/v1', 'PodDisruptionBudget', CO_LOCATED, { spec: { minAvailable: 1, selector } }),
  ]);
  const placed = async (): Promise<true | null> => {
    const pods = await ctx.list({
      kind: 'v1/Pod',
      namespace: 'plumbline-canary',
      labels: selector.matchLabels,
    });
    const budget = await ctx.get({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      namespace: 'plumbline-canary',
      name: CO_LOCATED,
    });
    const counted = budget?.status?.expectedPods;
    return pods.length === 2 && counted === 2 ? true : null;
  };
  await ctx.until('two pods on one node, counted by their disruption budget', placed, {
    timeoutMs: STATUS_MS,
  });
}
