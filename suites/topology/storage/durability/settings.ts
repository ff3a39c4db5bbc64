import type { CheckContext } from '../../../harness/context.ts';
import { errorText } from '../../../../reports/record/error-text.ts';
import type { SettingOverride } from '../../../../reports/record/setting-overrides.ts';

interface Reported {
  member: string | null;
  name: string;
  value: string;
  source: string;
  override?: SettingOverride;
  hiddenBy?: string;
}

/** Records the declared settings as every server has them, and those that only the cluster has as a whole. */
export async function recordDurability(
  ctx: CheckContext,
  store: string,
  names: readonly string[],
): Promise<void> {
  try {
    const reported = (await reportedBy(ctx, store)).filter(({ name }) => names.includes(name));
    for (const one of reported) ctx.record('setting', { store, ...one });
  } catch (error) {
    ctx.signal.throwIfAborted();
    ctx.unavailable(`settings of ${store}`, errorText(error));
  }
}

async function reportedBy(ctx: CheckContext, store: string): Promise<Reported[]> {
  const { servers, clusterWide } = await ctx.runner.call('store.servers', { store });
  if (clusterWide) {
    const { governing } = await ctx.runner.call('store.describe', { store });
    return governing.map((one) => ({ member: null, ...one }));
  }
  for (const { member, failed } of servers)
    if (failed !== undefined) ctx.unavailable(`settings of ${member} of ${store}`, failed);
  return servers.flatMap(({ member, settings }) => settings.map((one) => ({ member, ...one })));
}
