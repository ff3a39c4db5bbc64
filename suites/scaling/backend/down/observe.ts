import { grow, scaled } from '../../_autoscaler/backend.ts';
import type { Rates } from '../../_autoscaler/backend.ts';
import type { ScaleFollower } from '../../_autoscaler/follow.ts';
import { atMinimum, startLoad, stopLoad, whileLoaded } from '../../_autoscaler/loaded.ts';
import { shrinkingMs } from '../../_autoscaler/shrinking.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { setTimeout as sleep } from 'node:timers/promises';

/** Kubernetes: the controller syncs every 15 s, so a scale-up after the return to the minimum shows within one more sync. */
const QUIET_MS = 20_000;

/**
 * How long the load of a saw-tooth is low. Long enough for an autoscaler without a window to scale down: CPU is the difference of two
 * samples, 20 s, and a sync follows within 15 s, while the last samples are still served. Short enough that one with a window of 60 s does
 * not: four syncs in a row, 45 s, would have to see low load, and samples lag some 10 s.
 */
const TOOTH_LOW_MS = 30_000;

/** After a trough the load is back at once. */
const TOOTH_RAMP_S = 1;

/** The backend shrinks: grown first, then as few requests as it has on a quiet day, until it is back at its minimum and stays there. */
export async function observe(ctx: CheckContext): Promise<void> {
  await scaled(ctx, async ({ rates }, follower) => {
    const teeth = ctx.settings.teeth ?? 1;
    for (let tooth = 1; tooth < teeth; tooth += 1)
      if (!(await oneTooth(ctx, tooth === 1 ? rates : { ...rates, rampSeconds: TOOTH_RAMP_S }, follower)))
        return;
    const last = teeth > 1 ? { ...rates, rampSeconds: TOOTH_RAMP_S } : rates;
    if (!(await growAndShrink(ctx, last, follower))) return;
    await ctx.step('see whether it stays there', () => sleep(QUIET_MS, undefined, { signal: ctx.signal }));
    await ctx.step('end the load', () => stopLoad(ctx));
  });
}

/** High load, then low load for a fixed time, whatever the backend does. */
async function oneTooth(ctx: CheckContext, rates: Rates, follower: ScaleFollower): Promise<boolean> {
  const grown = await grow(ctx, rates, follower);
  await ctx.step('end the load', () => stopLoad(ctx));
  if (!grown) return false;
  if (!(await few(ctx, rates, TOOTH_LOW_MS))) return false;
  await ctx.step('keep the load low for a while', () =>
    sleep(TOOTH_LOW_MS, undefined, { signal: ctx.signal }),
  );
  await ctx.step('end the load', () => stopLoad(ctx));
  return true;
}

async function growAndShrink(ctx: CheckContext, rates: Rates, follower: ScaleFollower): Promise<boolean> {
  const grown = await grow(ctx, rates, follower);
  await ctx.step('end the load', () => stopLoad(ctx));
  if (!grown) return false;
  const timeoutMs = shrinkingMs(ctx, follower.scale);
  if (!(await few(ctx, rates, timeoutMs + QUIET_MS))) return false;
  return ctx.step('wait until the backend is back at its minimum', () =>
    whileLoaded(ctx, timeoutMs, (signal) => follower.until(atMinimum, { timeoutMs, signal })),
  );
}

/** False where no request can be sent. */
function few(ctx: CheckContext, { lowPerSecond }: Rates, durationMs: number): Promise<boolean> {
  return ctx.step(`send ${lowPerSecond} requests a second`, () =>
    startLoad(ctx, 'steady', {
      RATE: lowPerSecond,
      DURATION: `${Math.ceil(durationMs / 1000)}s`,
    }),
  );
}
