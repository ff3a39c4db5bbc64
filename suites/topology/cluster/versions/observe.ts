import { apiServers, endpointsOf } from '../../_cluster/api-servers.ts';
import type { TlsEndpoint } from '../../_cluster/api-servers.ts';
import { listNodes, setting } from '../../_objects/declared.ts';
import { internalAddress, isVirtual } from '../../_objects/shapes.ts';
import type { Trust } from '../../../../env/schema.ts';
import { trusted as trustedAuthority } from '../../../../probes/edge/edge-request.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { inParallel } from '../../../../host/in-parallel.ts';
import { servedCertificate, without } from '../../../../host/served-certificate.ts';
import type { Handshake } from '../../../../host/served-certificate.ts';
import { NODE_SUBJECT } from './observations.ts';
import { z } from 'zod';

/** Handshakes at a time. */
const HANDSHAKES = 32;

/** For all of them together; a thousand that answer take two seconds. */
const HANDSHAKES_MS = 10_000;

export async function observe(ctx: CheckContext): Promise<void> {
  const nodes = await ctx.step('list the nodes', () => listNodes(ctx));
  await ctx.step("ask the API server's version", async () => {
    const answer = await ctx.cluster.raw('/version');
    if (answer.status !== 200) ctx.unavailable('/version', `the API server answered ${answer.status}`);
    else ctx.record('api-version', { version: versionSchema.parse(JSON.parse(answer.body)).gitVersion });
  });
  for (const node of nodes) {
    const version = node.status.nodeInfo?.kubeletVersion ?? '';
    ctx.record('kubelet', {
      node: node.metadata.name,
      version,
      address: internalAddress(node) ?? null,
      ...(isVirtual(node) && { virtual: true }),
    });
  }
  const endpoints = await ctx.step('find every TLS endpoint', async () => {
    const servers = await apiServers(ctx);
    for (const { node } of servers) ctx.record('api-pod', { node });
    return [
      ...endpointsOf(ctx, { nodes, servers }),
      ...(setting(ctx, 'certificates') ?? []).map((one) => ({ subject: one.name, ...one })),
    ];
  });
  await ctx.step('read the certificates that are served', () => readCertificates(ctx, endpoints));
}

const versionSchema = z.object({ gitVersion: z.string() });

async function readCertificates(ctx: CheckContext, endpoints: TlsEndpoint[]): Promise<void> {
  const timeoutMs = ctx.timeoutMs('connect');
  const record = ({ subject, host, port }: TlsEndpoint, seen: Handshake): void => {
    const issuedTo = seen.issuedTo?.startsWith(NODE_SUBJECT) === true ? seen.issuedTo : null;
    ctx.record('certificate', { subject, address: `${host}:${port}`, ...seen, issuedTo });
  };
  const limits = { atOnce: HANDSHAKES, budgetMs: HANDSHAKES_MS };
  const left = await inParallel(endpoints, limits, async (one) => {
    const trusted = await trustedFor(ctx, one.trust);
    if (trusted !== null && 'unavailable' in trusted) record(one, without(trusted.unavailable));
    else record(one, await servedCertificate({ ...one, ...trusted }, { timeoutMs, signal: ctx.signal }));
  });
  for (const one of left)
    record(one, without(`not contacted: the handshakes before it took all of ${HANDSHAKES_MS} ms`));
}

const NO_AUTHORITY =
  'trust: cluster is declared, and the kubeconfig does not verify the API server (insecure-skip-tls-verify): declare trust: { file } with its authority, or system';

/** The authorities that a declared endpoint's certificate must come from; null where none is declared. */
async function trustedFor(
  ctx: CheckContext,
  trust: Trust | undefined,
): Promise<{ trusted: { pem: string } | 'system' } | { unavailable: string } | null> {
  if (trust === undefined) return null;
  if (trust === 'cluster') {
    const { pem, skipsVerification } = await ctx.runner.call('cluster.authority', {});
    if (pem !== null) return { trusted: { pem } };
    return skipsVerification ? { unavailable: NO_AUTHORITY } : { trusted: 'system' };
  }
  const found = await trustedAuthority(trust);
  if ('unavailable' in found) return found;
  return { trusted: found.pem === undefined ? 'system' : { pem: found.pem } };
}
