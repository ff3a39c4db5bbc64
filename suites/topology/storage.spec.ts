/** Where data lies, whether it outlives its pod, and the settings on which its durability rests. */
import { check } from '../harness/check.ts';
import { canaryImage } from './canary.ts';
import { findWorkloads, listPods, setting } from './declared.ts';
import { recordStore } from './data-volumes.ts';
import { writeAndReadBack } from './storage-canary.ts';

check('topology/storage/persistent', async (ctx) => {
  const found = await ctx.step('find the workloads that hold data', () =>
    findWorkloads(ctx, (workload) => workload.store !== undefined),
  );
  await ctx.step('follow their data to the volumes', async () => {
    const claims = (await ctx.cluster.items({ kind: 'v1/PersistentVolumeClaim' })) ?? [];
    const volumes = (await ctx.cluster.items({ kind: 'v1/PersistentVolume' })) ?? [];
    const pods = (await listPods(ctx)) ?? [];
    for (const one of found) recordStore(ctx, one, { claims, volumes, pods });
  });
  const storage = setting(ctx, 'storage');
  if (setting(ctx, 'writes') !== true || storage === undefined) return;
  const image = await canaryImage(ctx);
  if (image === null) {
    ctx.unavailable(
      'an image for canaries',
      'network.probeImage is not declared and no declared workload serves',
    );
    return;
  }
  await writeAndReadBack(ctx, { image, className: storage.className, bytes: storage.canaryBytes });
});

check('topology/storage/durability', async (ctx) => {
  for (const [store, declared] of Object.entries(setting(ctx, 'stores') ?? {})) {
    if (Object.keys(declared.durability).length === 0) continue;
    await ctx.step(`ask ${store} for its settings`, async () => {
      try {
        const seen = await ctx.runner.call('store.describe', { store });
        for (const one of seen.governing)
          if (one.name in declared.durability) ctx.record('setting', { store, ...one });
      } catch (error) {
        ctx.unavailable(`settings of ${store}`, error instanceof Error ? error.message : String(error));
      }
    });
  }
});
