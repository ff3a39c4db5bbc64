import { required } from '../../../_breaking/objects.ts';
import { lookThroughTheEdge } from '../../../_breaking/edge.ts';
import { controlsFor } from '../../../harness/control.ts';
import type { ControlContext } from '../../../harness/control.ts';
import type { KubeObject } from '../../../harness/protocol.ts';

const NAME = 'control-bypass';

const INGRESS = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  namespace: 'edge',
  name: 'tender',
} as const;

/** The Ingress controller learns of a change by its watch and collects changes for a second or two. */
const ROUTED_MS = 30_000;

export const controls = controlsFor('topology/edge/path', {
  'gateway-bypassed': {
    title: 'the Ingress bypasses the gateway and routes straight to the service',
    seen: /hop gateway/,
    break: bypassGateway,
  },
});

/** An Ingress can only lead to a Service of its own namespace: this one has the backend's pods as its endpoints. */
async function bypassGateway(ctx: ControlContext): Promise<void> {
  const pods = await ctx.list({
    kind: 'v1/Pod',
    namespace: 'tender',
    labels: { 'app.kubernetes.io/name': 'tender-api' },
  });
  const addresses = pods.flatMap((pod) => pod.status.podIP ?? []);
  const port = { name: 'http', port: 8080, protocol: 'TCP' };
  await ctx.apply([
    object('v1', 'Service', { spec: { ports: [{ ...port, targetPort: port.port }] } }),
    object('discovery.k8s.io/v1', 'EndpointSlice', {
      addressType: 'IPv4',
      endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
      ports: [port],
    }),
  ]);
  const { spec } = await required(ctx, INGRESS);
  const backend = { service: { name: NAME, port: { number: port.port } } };
  const rules = (spec.rules ?? []).map((rule) => ({
    ...rule,
    http: { paths: (rule.http?.paths ?? []).map((path) => ({ ...path, backend })) },
  }));
  await ctx.patch(INGRESS, { spec: { rules } });
  await ctx.until('requests to go past the gateway', () => bypassed(ctx), { timeoutMs: ROUTED_MS });
}

/** Requests in a row that have to go past it: the load balancer takes turns between replicas of the controller, and each learns for itself. */
const IN_A_ROW = 6;

async function bypassed(ctx: ControlContext): Promise<true | null> {
  for (let sent = 0; sent < IN_A_ROW; sent++) {
    const seen = await lookThroughTheEdge(ctx, NAME);
    if (seen === null || seen.status !== 200) return null;
    if (Object.values(seen.headers).some((value) => value.includes('gateway'))) return null;
  }
  return true;
}

function object(apiVersion: string, kind: string, rest: Record<string, unknown>): KubeObject {
  const labels = { 'app.kubernetes.io/managed-by': 'plumbline', 'kubernetes.io/service-name': NAME };
  return { apiVersion, kind, metadata: { name: NAME, namespace: INGRESS.namespace, labels }, ...rest };
}
