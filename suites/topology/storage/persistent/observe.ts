import { canaryImage } from '../../_objects/canary.ts';
import { findWorkloads, listPods, setting } from '../../_objects/declared.ts';
import type { Found } from '../../_objects/declared.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { ANYWHERE, isMember, podsByLabels, recordStore, storesByLabels } from './data-volumes.ts';
import { writeAndReadBack } from './storage-canary.ts';
import { errorText } from '../../../../reports/record/error-text.ts';

export async function observe(ctx: CheckContext): Promise<void> {
  const found = await ctx.step('find the workloads that hold data', () =>
    findWorkloads(ctx, ({ store }) => store !== undefined && ctx.settings.stores[store]?.pods === undefined),
  );
  const folders = await ctx.step('ask every server for its data folder', () => dataFolders(ctx, found));
  await ctx.step('follow their data to the volumes', async () => {
    const claims = (await ctx.cluster.items({ kind: 'v1/PersistentVolumeClaim' })) ?? [];
    const volumes = (await ctx.cluster.items({ kind: 'v1/PersistentVolume' })) ?? [];
    const pods = (await listPods(ctx)) ?? [];
    for (const one of [...found, ...podsByLabels(ctx, pods)])
      recordStore(ctx, one, { claims, volumes, pods, folders });
  });
  const storage = setting(ctx, 'storage');
  if (setting(ctx, 'writes') !== true || storage === undefined) return;
  const image = await canaryImage(ctx);
  if (image === null) {
    ctx.unavailable(
      'an image for canaries',
      'declare network.probeImage: no declared workload with `serves: true` exists whose image could be used',
    );
    return;
  }
  await writeAndReadBack(ctx, { image, className: storage.className, bytes: storage.canaryBytes });
}

/** Data folders by store, as the servers of its members report them. */
async function dataFolders(
  ctx: CheckContext,
  found: readonly Found[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const there = found.filter((one) => one.object !== undefined && isMember(ctx, one));
  const stores = [
    ...there.flatMap(({ workload }) => workload.store ?? []),
    ...storesByLabels(ctx).map(([store]) => store),
  ];
  const folders = new Map<string, readonly string[]>();
  for (const store of new Set(stores)) folders.set(store, await foldersOf(ctx, store));
  return folders;
}

/** Those that its servers name; any, where one of them does not name all of its own. */
async function foldersOf(ctx: CheckContext, store: string): Promise<readonly string[]> {
  const unsaid = (member: string, reason: string): void =>
    ctx.record('data-folder-unsaid', { store, member, reason });
  try {
    const { servers } = await ctx.runner.call('store.servers', { store });
    const silent = servers.filter(
      ({ dataFolders: paths, keepsNone, foldersUnseen }) =>
        keepsNone === undefined && (paths.length === 0 || foldersUnseen !== undefined),
    );
    for (const { member, foldersUnseen, failed } of silent)
      unsaid(member, failed ?? foldersUnseen ?? 'its server does not report its data folder');
    for (const { member, dataFolders: paths, keepsNone } of servers) {
      if (keepsNone !== undefined) ctx.record('data-folder-none', { store, member, why: keepsNone });
      for (const path of paths) ctx.record('data-folder', { store, member, path });
    }
    return silent.length === 0 ? [...new Set(servers.flatMap(({ dataFolders: paths }) => paths))] : ANYWHERE;
  } catch (error) {
    ctx.signal.throwIfAborted();
    unsaid('every member', errorText(error));
    return [];
  }
}
