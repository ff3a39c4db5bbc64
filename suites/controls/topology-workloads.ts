import type { Control, ControlContext } from './control.ts';
import { canary, canaryWorkload, deployment, idlePod, required, someImage } from './topology-declared.ts';

const CO_LOCATED = 'control-co-located';
const STRAY = 'control-stray';
const POSTGRES = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  namespace: 'tender',
  name: 'postgres',
} as const;
/** Patroni ends a member within its shutdown checkpoint; the pod's grace is 30 s. */
const MEMBER_GONE_MS = 45_000;
const STATUS_MS = 20_000;

export const workloadControls: readonly Control[] = [
  {
    id: 'topology/workloads/declared/scaled-to-zero',
    check: 'topology/workloads/declared',
    verdict: 'fail',
    size: 'any',
    title: 'the gateway is scaled to 0',
    expectSeen: /replicas of Deployment edge\/gateway/,
    break: (ctx) => ctx.patch(deployment('edge', 'gateway'), { spec: { replicas: 0 } }),
  },
  {
    id: 'topology/workloads/declared/stray-pod',
    check: 'topology/workloads/declared',
    verdict: 'fail',
    size: 'any',
    title: 'a pod that nobody declared runs beside the platform',
    expectSeen: new RegExp(`Pod tender/${STRAY}`),
    break: strayPod,
  },
  {
    id: 'topology/workloads/spread/co-located',
    check: 'topology/workloads/spread',
    verdict: 'fail',
    size: 'any',
    title: 'both replicas of a declared Deployment run on one node',
    expectSeen: /placement of Deployment/,
    settings: { settings: { workloads: [canaryWorkload('Deployment', CO_LOCATED, 2)] } },
    break: coLocate,
  },
  {
    id: 'topology/workloads/roles/replica-detached',
    check: 'topology/workloads/roles',
    verdict: 'fail',
    size: 'any',
    title: 'one member of PostgreSQL is taken away',
    expectSeen: /members of postgres/,
    break: detachReplica,
  },
];

async function strayPod(ctx: ControlContext): Promise<void> {
  const template = idlePod(STRAY, await someImage(ctx));
  const pod = canary('v1', 'Pod', STRAY, { spec: template['spec'] });
  await ctx.apply([{ ...pod, metadata: { ...pod.metadata, namespace: 'tender' } }]);
}

async function coLocate(ctx: ControlContext): Promise<void> {
  const selector = { matchLabels: { 'app.kubernetes.io/name': CO_LOCATED } };
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
