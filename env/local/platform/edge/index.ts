/** The way in: haproxy → Traefik → gateway → tender-api. */
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { waitFor } from '../../../../host/wait.ts';
import { EDGE, type PlatformContext } from '../context.ts';
import { render } from '../manifests.ts';
import type { KubeObject } from '../objects.ts';
import { waitRollout } from '../rollout.ts';
import type { Secrets } from '../secrets.ts';
import { ensureEdgeCertificate } from './certificate.ts';
import { EDGE_HOST, edgeFiles, renderEdge } from './haproxy.ts';

/** Marks of a request that took the whole way, in order. */
export const ALL_HOPS = 'haproxy, traefik, gateway, tender-api';

/** Every object of the edge. */
export function edgeObjects(context: PlatformContext, secrets: Secrets): KubeObject[] {
  return ['edge/gateway', 'edge/traefik'].flatMap((folder) => render(context, secrets, { folder }));
}

/** Makes the certificate and hands the load balancer its part. */
export async function configureLoadBalancer(context: PlatformContext): Promise<void> {
  const address = context.addresses.loadBalancer;
  const files = await ensureEdgeCertificate(context.stateDir, address, context.signal);
  const workers = context.nodes.filter((node) => node.role === 'worker');
  await context.setLoadBalancerConfig(renderEdge(address, files, workers));
}

const ROLLOUT_DEADLINE_MS = 120_000;
const PATH_DEADLINE_MS = 30_000;

/** Waits for the pods and then for one request that passes every hop. */
export async function waitForEdge(context: PlatformContext): Promise<void> {
  for (const name of ['gateway', 'traefik']) {
    await waitRollout(context, {
      namespace: EDGE,
      workload: `deployment/${name}`,
      deadlineMs: ROLLOUT_DEADLINE_MS,
    });
  }
  const address = context.addresses.loadBalancer;
  const ca = await readFile(edgeFiles(context.stateDir).caCertificate, 'utf8');
  await waitFor(async () => await passesAllHops(address, ca), {
    what: `a request through https://${address}/ to show the marks "${ALL_HOPS}"`,
    deadlineMs: PATH_DEADLINE_MS,
    intervalMs: 200,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} -n ${EDGE} get pods,ingress`,
  });
}

/** Sends one request; throws with what came back while a mark is missing. */
async function passesAllHops(address: string, ca: string): Promise<true> {
  const { status, hops } = await new Promise<{ status: number; hops: string }>((resolve, reject) => {
    const options = {
      host: address,
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
