/** Kubernetes itself: versions and certificates, the control plane, the address that clients use. */
import { z } from 'zod';
import type { Trust } from '../../env/schema.ts';
import { check } from '../harness/check.ts';
import type { CheckContext } from '../harness/check.ts';
import { observeApiBalanced } from './api-balanced.ts';
import { apiServers, endpointsOf } from './api-servers.ts';
import type { TlsEndpoint } from './api-servers.ts';
import { listNodes, listPods, setting } from './declared.ts';
import { trusted as trustedAuthority } from './edge-request.ts';
import { readEtcd } from './etcd.ts';
import { recordEvidence } from './evidence.ts';
import { conditionTrue, hasLabels, internalAddress } from './shapes.ts';
import { inParallel, servedCertificate, without } from './tls.ts';
import type { Handshake } from './tls.ts';

/** Handshakes at a time. */
const HANDSHAKES = 32;
/** For all of them together; a thousand that answer take two seconds. */
const HANDSHAKES_MS = 10_000;

check('topology/cluster/versions', async (ctx) => {
  const nodes = await ctx.step('list the nodes', () => listNodes(ctx));
  await ctx.step("ask the API server's version", async () => {
    const answer = await ctx.cluster.raw('/version');
    if (answer.status !== 200) ctx.unavailable('/version', `the API server answered ${answer.status}`);
    else ctx.record('api-version', { version: versionSchema.parse(JSON.parse(answer.body)).gitVersion });
  });
  for (const node of nodes) {
    const version = node.status.nodeInfo?.kubeletVersion ?? '';
    ctx.record('kubelet', { node: node.metadata.name, version, address: internalAddress(node) ?? null });
  }
  const endpoints = await ctx.step('find every TLS endpoint', async () => {
    const servers = await apiServers(ctx);
    for (const { node, host, port } of servers) ctx.record('api-pod', { node, address: `${host}:${port}` });
    return [
      ...endpointsOf(ctx, { nodes, servers }),
      ...(setting(ctx, 'certificates') ?? []).map((one) => ({ subject: one.name, ...one })),
    ];
  });
  await ctx.step('read the certificates that are served', () => readCertificates(ctx, endpoints));
});

const versionSchema = z.object({ gitVersion: z.string() });
const DAY_MS = 86_400_000;

async function readCertificates(ctx: CheckContext, endpoints: TlsEndpoint[]): Promise<void> {
  const timeoutMs = ctx.timeoutMs('connect');
  const record = ({ subject, host, port }: TlsEndpoint, { validFrom, validTo, ...seen }: Handshake): void => {
    const daysLeft = validTo === null ? null : (Date.parse(validTo) - Date.now()) / DAY_MS;
    const begun = validFrom === null ? null : Date.parse(validFrom) <= Date.now();
    ctx.record('certificate', { subject, address: `${host}:${port}`, validTo, daysLeft, begun, ...seen });
  };
  const limits = { atOnce: HANDSHAKES, budgetMs: HANDSHAKES_MS };
  const left = await inParallel(endpoints, limits, async (one) => {
    const trusted = await trustedFor(ctx, one.trust);
    if (trusted !== null && 'unavailable' in trusted) record(one, without(trusted.unavailable));
    else record(one, await servedCertificate({ ...one, ...trusted }, { timeoutMs, signal: ctx.signal }));
  });
  for (const one of left) record(one, without(`not asked: others took all of ${HANDSHAKES_MS} ms`));
}

/** The authorities that a declared endpoint's certificate must come from; null where none is declared. */
async function trustedFor(
  ctx: CheckContext,
  trust: Trust | undefined,
): Promise<{ trusted: { pem: string } | 'system' } | { unavailable: string } | null> {
  if (trust === undefined) return null;
  if (trust === 'cluster') {
    const { pem } = await ctx.runner.call('cluster.authority', {});
    return { trusted: pem === null ? 'system' : { pem } };
  }
  const found = await trustedAuthority(trust);
  if ('unavailable' in found) return found;
  return { trusted: found.pem === undefined ? 'system' : { pem: found.pem } };
}

check('topology/cluster/control-plane', async (ctx) => {
  const declared = setting(ctx, 'controlPlane');
  if (declared === undefined) return;
  const nodes = await ctx.step('list the nodes', () => listNodes(ctx));
  const own = nodes.filter((node) => hasLabels(declared.labels, node.metadata.labels));
  for (const node of own)
    ctx.record('control-node', {
      name: node.metadata.name,
      ready: conditionTrue(node.status.conditions, 'Ready'),
    });

  const pods = (await ctx.step('find the pods of etcd', () => listPods(ctx))) ?? [];
  const etcd = pods.filter(
    (pod) =>
      pod.metadata.namespace === declared.etcd.namespace &&
      hasLabels(declared.etcd.labels, pod.metadata.labels),
  );
  await ctx.step('ask etcd for its members, their health and their leader', () => readEtcd(ctx, etcd));
  const troubled = [
    ...own.filter((node) => !conditionTrue(node.status.conditions, 'Ready')),
    ...etcd.filter((pod) => !conditionTrue(pod.status.conditions, 'Ready')),
  ];
  await recordEvidence(ctx, troubled);
});

check('topology/cluster/api-balanced', observeApiBalanced);
