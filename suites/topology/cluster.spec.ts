/** Kubernetes itself: versions and certificates, the control plane, the address that clients use. */
import { check } from '../harness/check.ts';
import type { CheckContext } from '../harness/check.ts';
import { observeApiBalanced } from './api-balanced.ts';
import { apiServers, endpointsOf } from './api-servers.ts';
import type { TlsEndpoint } from './api-servers.ts';
import { listPods, setting } from './declared.ts';
import { readEtcd } from './etcd.ts';
import { recordEvidence } from './evidence.ts';
import { conditionTrue, selects } from './shapes.ts';
import type { NodeObject } from './shapes.ts';
import { inParallel, servedCertificate } from './tls.ts';
import type { Handshake } from './tls.ts';

/** Handshakes at a time. */
const HANDSHAKES = 32;
/** For all of them together; a thousand that answer take two seconds. */
const HANDSHAKES_MS = 10_000;

check('topology/cluster/versions', async (ctx) => {
  const nodes = (await ctx.step('list the nodes', () => ctx.cluster.items({ kind: 'v1/Node' }))) as
    NodeObject[] | null;
  await ctx.step("ask the API server's version", async () => {
    const answer = await ctx.cluster.raw('/version');
    if (answer.status !== 200) ctx.unavailable('/version', `the API server answered ${answer.status}`);
    else
      ctx.record('api-version', { version: (JSON.parse(answer.body) as { gitVersion: string }).gitVersion });
  });
  for (const node of nodes ?? [])
    ctx.record('kubelet', { node: node.metadata.name, version: node.status.nodeInfo?.kubeletVersion ?? '' });

  const endpoints = await ctx.step('find every TLS endpoint', async () => [
    ...endpointsOf(ctx, { nodes: nodes ?? [], servers: await apiServers(ctx) }),
    ...(setting(ctx, 'certificates') ?? []).map((one) => ({ subject: one.name, ...one })),
  ]);
  await ctx.step('read the certificates that are served', () => readCertificates(ctx, endpoints));
});

interface Endpoint extends TlsEndpoint {
  minDays?: number | undefined;
}

async function readCertificates(ctx: CheckContext, endpoints: Endpoint[]): Promise<void> {
  const timeoutMs = ctx.timeoutMs('connect');
  const record = ({ subject, host, port, minDays }: Endpoint, seen: Handshake) => {
    ctx.record('certificate', {
      subject,
      address: `${host}:${port}`,
      at: new Date().toISOString(),
      minDays,
      ...seen,
    });
  };
  const limits = { atOnce: HANDSHAKES, budgetMs: HANDSHAKES_MS };
  const left = await inParallel(endpoints, limits, async (one) => {
    record(one, await servedCertificate(one, { timeoutMs, signal: ctx.signal }));
  });
  for (const one of left) record(one, { error: `not asked: others took all of ${HANDSHAKES_MS} ms` });
}

check('topology/cluster/control-plane', async (ctx) => {
  const declared = setting(ctx, 'controlPlane');
  if (declared === undefined) return;
  const nodes = (await ctx.step('list the nodes', () => ctx.cluster.items({ kind: 'v1/Node' }))) as
    NodeObject[] | null;
  const own = (nodes ?? []).filter((node) => selects({ matchLabels: declared.labels }, node.metadata.labels));
  for (const node of own)
    ctx.record('node', { name: node.metadata.name, ready: conditionTrue(node.status.conditions, 'Ready') });

  const pods = (await ctx.step('find the pods of etcd', () => listPods(ctx))) ?? [];
  const etcd = pods.filter(
    (pod) =>
      pod.metadata.namespace === declared.etcd.namespace &&
      selects({ matchLabels: declared.etcd.labels }, pod.metadata.labels),
  );
  await ctx.step('ask etcd for its members, their health and their leader', () => readEtcd(ctx, etcd));
  const troubled = [
    ...own.filter((node) => !conditionTrue(node.status.conditions, 'Ready')),
    ...etcd.filter((pod) => !conditionTrue(pod.status.conditions, 'Ready')),
  ];
  await recordEvidence(ctx, troubled);
});

check('topology/cluster/api-balanced', observeApiBalanced);
