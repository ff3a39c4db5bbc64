/** What runs on the platform: declared workloads, their roles, probes, resources, placement and images. */
import { check } from '../harness/check.ts';
import { recordContainers, recordPulls } from './containers.ts';
import { findWorkloads, listPods, podsOf, setting, settledWorkloads } from './declared.ts';
import { recordEvidence } from './evidence.ts';
import { recordOwners, recordPod, recordWorkload, troubledPods } from './inventory.ts';
import { observeRoles } from './roles.ts';
import { recordBudgets, recordPlacement } from './spread.ts';

check('topology/workloads/declared', async (ctx) => {
  const namespaces = await ctx.step('list the namespaces', () => ctx.cluster.items({ kind: 'v1/Namespace' }));
  for (const namespace of namespaces ?? []) ctx.record('namespace', { name: namespace.metadata.name });
  const found = await ctx.step('find the declared workloads', () => settledWorkloads(ctx));
  for (const one of found) recordWorkload(ctx, one);
  const pods = (await ctx.step('look at their pods', () => listPods(ctx))) ?? [];
  const own = found.flatMap((one) => podsOf(one, pods));
  for (const pod of own) recordPod(ctx, pod);
  const closed = setting(ctx, 'closed')?.namespaces ?? [];
  await ctx.step('look for what nobody declared', () => recordOwners(ctx, { pods, namespaces: closed }));
  await recordEvidence(ctx, troubledPods(own));
});

check('topology/workloads/roles', observeRoles);

check('topology/workloads/probes', async (ctx) => {
  recordContainers(ctx, await ctx.step('read the probes of every container', () => findWorkloads(ctx)));
});

check('topology/workloads/resources', async (ctx) => {
  recordContainers(
    ctx,
    await ctx.step('read the requests and limits of every container', () => findWorkloads(ctx)),
  );
});

check('topology/workloads/images', async (ctx) => {
  const found = await ctx.step('read the image of every container', () => findWorkloads(ctx));
  recordContainers(ctx, found);
  const pods = (await ctx.step('see whether the nodes could pull them', () => listPods(ctx))) ?? [];
  recordPulls(
    ctx,
    found.flatMap((one) => podsOf(one, pods)),
  );
});

check('topology/workloads/spread', async (ctx) => {
  const found = await ctx.step('find the declared workloads', () => findWorkloads(ctx));
  const pods = (await ctx.step('see where their pods run', () => listPods(ctx))) ?? [];
  for (const one of found) recordPlacement(ctx, one, pods);
  const kind = 'policy/v1/PodDisruptionBudget';
  const budgets = await ctx.step('read the disruption budgets', () => ctx.cluster.items({ kind }));
  for (const one of found) recordBudgets(ctx, one, budgets ?? []);
});
