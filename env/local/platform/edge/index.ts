/** The way in: haproxy → Traefik → gateway → tender-api. */
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { waitFor } from '../../../../host/wait.ts';
import { ensureCertificate } from '../certificate.ts';
import { EDGE, type PlatformContext } from '../context.ts';
import { render } from '../manifests.ts';
import { part } from '../part.ts';
import { EDGE_HOST, edgeFiles, renderEdge } from './haproxy.ts';

/** Marks of a request that took the whole way, in order. */
export const ALL_HOPS = 'haproxy, traefik, gateway, tender-api';

export const edge = part({
  name: 'edge',
  objects: (context, secrets) =>
    ['edge/gateway', 'edge/traefik'].flatMap((folder) => render(context, secrets, { folder })),
  prepare: prepareEdge,
  works: leadsIn,
});

/**
 * Makes the certificate, and gives the load balancer its sections where it has them already. The first time that waits for the pods behind them:
 * haproxy 2.6 spins while nodes answer its checks with "port unreachable", as kube-proxy does for a Service without pods. It took 11
 * CPU seconds of the start.
 */
async function prepareEdge(context: PlatformContext): Promise<void> {
  const { addresses, stateDir, signal } = context;
  const subject = { names: [EDGE_HOST], addresses: [addresses.loadBalancer] } as const;
  await ensureCertificate(
    edgeFiles(stateDir).folder,
    { authority: 'plumbline edge authority', ...subject },
    signal,
  );
  if (!(await isClosed(context))) await configureLoadBalancer(context);
}

async function configureLoadBalancer(context: PlatformContext): Promise<void> {
  const address = context.addresses.loadBalancer;
  const workers = context.nodes.filter((node) => node.role === 'worker');
  await context.setLoadBalancerConfig(renderEdge(address, edgeFiles(context.stateDir), workers));
}

const PATH_DEADLINE_MS = 30_000;

/** Waits for one request that passes every hop. */
async function leadsIn(context: PlatformContext): Promise<void> {
  if (await isClosed(context)) await configureLoadBalancer(context);
  await waitFor(async () => await passesAllHops(context), {
    what: `a request through https://${context.addresses.loadBalancer}/ to show the marks "${ALL_HOPS}"`,
    deadlineMs: PATH_DEADLINE_MS,
    intervalMs: 200,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} -n ${EDGE} get pods,ingress`,
  });
}

/** Whether nobody listens there: the load balancer has no sections for it. A slow or failed answer is of somebody who listens. */
const isClosed = (context: PlatformContext): Promise<boolean> =>
  passesAllHops(context).then(
    () => false,
    (error: unknown) => {
      context.signal?.throwIfAborted();
      return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
    },
  );

/** Sends one request; throws with what came back while a mark is missing. */
async function passesAllHops({ addresses, stateDir }: PlatformContext): Promise<true> {
  const ca = await readFile(edgeFiles(stateDir).caCertificate, 'utf8');
  const { status, hops } = await new Promise<{ status: number; hops: string }>((resolve, reject) => {
    const options = {
      host: addresses.loadBalancer,
      port: 443,
      path: '/readyz',
      ca,
      servername: EDGE_HOST,
      timeout: 2000,
      agent: false,
    };
    const sent = request(options, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, hops: String(response.headers['x-plumbline-hops'] ?? '') });
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer in 2 s')));
    sent.on('error', reject);
    sent.end();
  });
  if (status !== 200 || hops !== ALL_HOPS) throw new Error(`status ${String(status)}, marks "${hops}"`);
  return true;
}
