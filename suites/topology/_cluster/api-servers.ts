import {
  CLIENTS_ADDRESS,
  KUBELET_PORT,
  kubeletName,
  serverName,
} from '../../../reports/record/names/topology-names.ts';
import type { Trust } from '../../../env/schema.ts';
import type { CheckContext } from '../../harness/context.ts';
import { setting } from '../_objects/declared.ts';
import { internalAddress } from '../_objects/shapes.ts';
import type { NodeObject } from '../_objects/shapes.ts';
import { controlPods } from './control-pods.ts';

/** kubeadm's default; a pod's own `--secure-port` wins. */
const API_SERVER_PORT = 6443;

export interface ApiServer {
  node: string;
  host: string;
  port: number;
}

/** The API servers that run as pods. A provider that hides its control plane has none. */
export async function apiServers(ctx: CheckContext): Promise<ApiServer[]> {
  const pods = await controlPods(ctx, 'apiServer');
  return pods.flatMap((pod) => {
    const host = pod.status.podIP ?? pod.status.hostIP;
    const words = pod.spec.containers.flatMap((container) => [
      ...(container.command ?? []),
      ...(container.args ?? []),
    ]);
    const port = words
      .map((word) => /^--secure-port=(\d+)$/.exec(word)?.[1])
      .find((found) => found !== undefined);
    return host === undefined
      ? []
      : [{ node: pod.spec.nodeName ?? pod.metadata.name, host, port: Number(port ?? API_SERVER_PORT) }];
  });
}

/** `host:port` of the environment's `apiAddress`. */
export function clientsAddress(ctx: CheckContext): { host: string; port: number } | null {
  const address = setting(ctx, 'apiAddress');
  if (address === undefined) return null;
  const cut = address.lastIndexOf(':');
  return { host: address.slice(0, cut).replace(/^\[|\]$/g, ''), port: Number(address.slice(cut + 1)) };
}

export interface TlsEndpoint {
  subject: string;
  host: string;
  port: number;
  serverName?: string | undefined;
  /** The authority that must have signed the certificate; left out where none is declared. */
  trust?: Trust | undefined;
}

/**
 * Everything of Kubernetes that serves a certificate: the clients' address, every API server, every kubelet. Of these the clients' address alone
 * where this machine is outside of the cluster's network: nothing there leads to the addresses of nodes.
 */
export function endpointsOf(
  ctx: CheckContext,
  of: { nodes: readonly NodeObject[]; servers: readonly ApiServer[] },
): TlsEndpoint[] {
  const address = clientsAddress(ctx);
  const clients = address === null ? [] : [{ subject: CLIENTS_ADDRESS, ...address }];
  if (ctx.settings.reach === 'port-forward') return clients;
  const kubelets = of.nodes.flatMap((node) => {
    const host = internalAddress(node);
    return host === undefined ? [] : [{ subject: kubeletName(node.metadata.name), host, port: KUBELET_PORT }];
  });
  return [
    ...clients,
    ...of.servers.map(({ node, host, port }) => ({ subject: serverName(node), host, port })),
    ...kubelets,
  ];
}
