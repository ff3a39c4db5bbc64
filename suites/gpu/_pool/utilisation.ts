import type { Utilisation } from '../../../probes/gpu/index.ts';
import type { CheckContext } from '../../harness/context.ts';

/** What Prometheus knows of the devices now; null after recording that it cannot be queried. */
export async function utilisation(ctx: CheckContext): Promise<Utilisation | null> {
  const { samples, nowSeconds, unavailable } = await ctx.runner.call('gpu.utilisation', { check: ctx.id });
  if (unavailable === undefined) return { samples, nowSeconds };
  ctx.unavailable('Prometheus', unavailable);
  return null;
}

/** Records what Prometheus knows of the devices now. */
export async function recordUtilisation(ctx: CheckContext): Promise<void> {
  const seen = await utilisation(ctx);
  if (seen !== null) ctx.record('gpu-series', seen);
}
