/** Kubernetes itself: versions and certificates, the control plane, the address that clients use. */
import { check } from '../harness/check.ts';
import { observeApiBalanced } from './api-balanced.ts';
import { apiServers, endpointsOf } from './api-servers.ts';
import { listPods, setting } from './declared.ts';
import { readEtcd } from './etcd.ts';
import { recordEvidence } from './evidence.ts';
import { conditionTrue, selects } from './shapes.ts';
import type { NodeObject } from './shapes.ts';
import { inParallel, servedCertificate } from './tls.ts';

/** Handshakes at a time. */
const HANDSHAKES = 32;

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
  await ctx.step('read the certificates that are served', () =>
    inParallel(endpoints, HANDSHAKES, async (one) => {
      const seen = await servedCertificate(one, { timeoutMs: ctx.timeoutMs('connect'), signal: ctx.signal });
      const minDays = 'minDays' in one ? { minDays: one.minDays } : {};
      ctx.record('certificate', {
        subject: one.subject,
        address: `${one.host}:${one.port}`,
        at: new Date().toISOString(),
        ...minDays,
        ...seen,
      });
    }),
  );
});

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
