/** What runs on the platform: declared workloads, their roles, probes, resources, placement and images. */
import { check } from '../harness/check.ts';
import { recordImages, recordProbes, recordResources } from './containers.ts';
import { findWorkloads, listPods, podsOf, setting, settledWorkloads } from './declared.ts';
import { recordEvidence } from './evidence.ts';
import { recordOwners, recordWorkload, troubledPods } from './inventory.ts';
import { observeRoles } from './roles.ts';
import { recordSpread } from './spread.ts';

check('topology/workloads/declared', async (ctx) => {
  const namespaces = await ctx.step('list the namespaces', () => ctx.cluster.items({ kind: 'v1/Namespace' }));
  const declared = new Set((setting(ctx, 'workloads') ?? []).map(({ namespace }) => namespace));
  for (const { metadata } of namespaces ?? [])
    if (declared.has(metadata.name)) ctx.record('namespace', { name: metadata.name });
  const found = await ctx.step('find the declared workloads', () => settledWorkloads(ctx));
  const pods = (await ctx.step('look at their pods', () => listPods(ctx))) ?? [];
  for (const one of found) recordWorkload(ctx, one, pods);
  const closed = setting(ctx, 'closed')?.namespaces ?? [];
  await ctx.step('look for what nobody declared', () => recordOwners(ctx, { pods, namespaces: closed }));
  await recordEvidence(ctx, troubledPods(found.flatMap((one) => podsOf(one, pods))));
});

check('topology/workloads/roles', observeRoles);

check('topology/workloads/probes', async (ctx) => {
  recordProbes(ctx, await ctx.step('read the probes of every container', () => findWorkloads(ctx)));
});

check('topology/workloads/resources', async (ctx) => {
  const found = await ctx.step('read the requests and limits of every container', () => findWorkloads(ctx));
  recordResources(ctx, found);
});

check('topology/workloads/images', async (ctx) => {
  const found = await ctx.step('read the image of every container', () => findWorkloads(ctx));
  const pods = (await ctx.step('see whether the nodes could pull them', () => listPods(ctx))) ?? [];
  recordImages(ctx, found, pods);
});

check('topology/workloads/spread', async (ctx) => {
  const found = await ctx.step('find the declared workloads', () => findWorkloads(ctx));
  const pods = (await ctx.step('see where their pods run', () => listPods(ctx))) ?? [];
  const kind = 'policy/v1/PodDisruptionBudget';
  const budgets = (await ctx.step('read the disruption budgets', () => ctx.cluster.items({ kind }))) ?? [];
  for (const one of found) recordSpread(ctx, one, { pods, budgets });
});
