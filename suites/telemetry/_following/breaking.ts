/** Parts of the platform that telemetry controls change: those that the environment declares, or that answer at the addresses it declares. */
import type { PodObject } from '../../../probes/kubernetes/objects.ts';
import { deploymentAt, serviceAt } from '../../_breaking/addressed.ts';
import { referenceOnly, rollOutBackend } from '../../_breaking/backend.ts';
import { NotApplicable } from '../../harness/control.ts';
import type { ControlContext } from '../../harness/control.ts';
import type { ObjectRef } from '../../harness/protocol.ts';
import { required, scaled } from '../../_breaking/objects.ts';

/** Within this, a pod ends, or an endpoint is removed; each takes seconds. */
const CHANGED_MS = 90_000;
/** A node selector that matches no pod. */
const NOBODY = { 'plumbline.dev/control': 'nobody' };

type Shipper = ObjectRef<'apps/v1', 'DaemonSet'> & { namespace: string };

/** @throws NotApplicable where the environment does not name it */
function shipperOf({ environment }: ControlContext): Shipper {
  const named = environment.telemetry?.logs?.shipper?.daemonSet;
  if (named === undefined)
    throw new NotApplicable('telemetry.logs.shipper does not say which DaemonSet brings lines to the store');
  return { apiVersion: 'apps/v1', kind: 'DaemonSet', ...named };
}

async function shipperPods(ctx: ControlContext): Promise<PodObject[]> {
  const shipper = shipperOf(ctx);
  const pods = await ctx.list({ kind: 'v1/Pod', namespace: shipper.namespace });
  return pods.filter(({ metadata }) =>
    (metadata.ownerReferences ?? []).some(({ kind, name }) => kind === 'DaemonSet' && name === shipper.name),
  );
}

/** Nodes that have a shipper, in the order of their names. */
export async function shippedNodes(ctx: ControlContext): Promise<string[]> {
  const pods = await shipperPods(ctx);
  return pods.map(({ spec }) => spec.nodeName ?? '').sort();
}

/**
 * Stops the shipper on one node. Shippers on other nodes keep running, because OnDelete replaces pods only when they are deleted; after
 * the rollback the template matches their pods again.
 */
export async function stopShipper(ctx: ControlContext, node: string): Promise<void> {
  const shipper = shipperOf(ctx);
  await required(ctx, shipper);
  const notThere = { key: 'kubernetes.io/hostname', operator: 'NotIn', values: [node] };
  const nodeAffinity = {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [notThere] }],
    },
  };
  await ctx.patch(shipper, {
    spec: {
      updateStrategy: { type: 'OnDelete', rollingUpdate: null },
      template: { spec: { affinity: { nodeAffinity } } },
    },
  });
  await ctx.until(
    `the shipper of ${node} to be gone`,
    async () => !(await shippedNodes(ctx)).includes(node) || null,
    {
      timeoutMs: CHANGED_MS,
    },
  );
}

/** Detaches a Service from its pods: connections are refused, or never answered. */
export async function disconnect(ctx: ControlContext, namespace: string, name: string): Promise<void> {
  const service = { apiVersion: 'v1', kind: 'Service', namespace, name } as const;
  await required(ctx, service);
  await ctx.patch(service, { spec: { selector: NOBODY } });
  await ctx.until(
    `Service ${namespace}/${name} to lead nowhere`,
    async () => {
      const slices = await ctx.list({
        kind: 'discovery.k8s.io/v1/EndpointSlice',
        namespace,
        labels: { 'kubernetes.io/service-name': name },
      });
      return slices.every(({ endpoints }) => (endpoints ?? []).length === 0) || null;
    },
    { timeoutMs: CHANGED_MS },
  );
}

/** Detaches the Service at the declared address of a source. @throws NotApplicable where it is none of this cluster */
export async function disconnectSource(
  ctx: ControlContext,
  source: 'logs' | 'traces' | 'alerts',
): Promise<void> {
  const declared = ctx.environment.telemetry?.[source];
  const { metadata } = await serviceAt(ctx, { key: `telemetry.${source}`, declared });
  await disconnect(ctx, metadata.namespace ?? '', metadata.name);
}

/** What the reference backend omits on request (TELEMETRY_BREAK, env/local/platform/service-kit/telemetry.ts). */
export type Omission = 'export' | 'amqp-context' | 'log-trace-id';

/** @throws NotApplicable where another service is the backend */
export async function omit(ctx: ControlContext, omission: Omission): Promise<void> {
  referenceOnly(ctx, 'a switch for what it omits of its telemetry');
  await rollOutBackend(ctx, `the backend without its telemetry's ${omission}`, ({ env = [], ...rest }) => ({
    ...rest,
    env: [...env, { name: 'TELEMETRY_BREAK', value: omission }],
  }));
}

/**
 * Changes any text of Prometheus's configuration while no server runs, so that the rollback has the right order, too.
 * @throws NotApplicable where it is no Deployment of this cluster with that text in a ConfigMap beside it
 */
export async function reconfigure(
  ctx: ControlContext,
  has: string,
  change: (text: string) => string,
): Promise<void> {
  const server = await deploymentAt(ctx, { key: 'prometheus', declared: ctx.environment.prometheus });
  const { namespace } = server;
  const maps = await ctx.list({ kind: 'v1/ConfigMap', namespace });
  const found = maps.flatMap((map) =>
    Object.entries(map.data ?? {})
      .filter(([, text]) => text.includes(has))
      .map(([key, text]) => ({ name: map.metadata.name, key, text })),
  )[0];
  if (found === undefined)
    throw new NotApplicable(`no ConfigMap in ${namespace}, beside Prometheus, has "${has}" in it`);
  const { spec } = await required(ctx, server);
  const { replicas = 1 } = spec;
  await ctx.patch(server, { spec: { replicas: 0 } });
  await scaled(ctx, server, 0);
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: found.name };
  await ctx.patch(ref, { data: { [found.key]: change(found.text) } });
  await ctx.patch(server, { spec: { replicas } });
  await scaled(ctx, server, replicas);
}
