import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckContext } from '../harness/check.ts';
import { usersFor } from '../harness/users.ts';
import type { Patience, Scaled, ScaleFollower } from './follow.ts';
import { atMinimum, followed, growingMs, isGrown, startLoad, stopLoad, whileLoaded } from './loaded.ts';
import { shrinkingMs } from './shrinking.ts';

/** Requests go on this long after the last pod that was wished for is ready: whether latency is as it should be again takes some seconds to say. */
const HOLD_MS = 20_000;
/** Kubernetes: the controller looks every 15 s, so that what comes back to the minimum and goes up again shows within one look more. */
const QUIET_MS = 20_000;
/**
 * Of a saw-tooth, how long there are few requests. Longer than what an autoscaler needs to see that and to follow (CPU as the difference of two
 * samples, 20 s, and a look within 15 s of it, while the last samples still tell of it), so that one that forgets at once does; and short enough
 * that one which remembers 60 s does not: by then four of its looks in a row, 45 s, must have seen few, and samples lag some 10 s.
 */
const TOOTH_LOW_MS = 30_000;
/** After it the load is there at once. */
const TOOTH_RAMP_S = 1;

/** Load that makes the backend grow; the rates are the environment's. */
interface Rates {
  lowPerSecond: number;
  highPerSecond: number;
  rampSeconds: number;
}

interface Declared {
  backend: Scaled;
  rates: Rates;
}

/**
 * The backend grows: from its minimum, through the edge, load that rises to a rate that its minimum cannot carry within the autoscaler's
 * target, until what the autoscaler wanted is ready and has answered for a while. reports/judge/scaling says what follows from it.
 */
export async function growBackend(ctx: CheckContext): Promise<void> {
  await scaled(ctx, async ({ rates }, follower) => {
    await grow(ctx, rates, follower);
    await ctx.step('end the load', () => stopLoad(ctx));
  });
}

/** The backend shrinks: grown first, then as few requests as it has on a quiet day, until it is back at its minimum and stays there. */
export async function shrinkBackend(ctx: CheckContext): Promise<void> {
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

/** Much load and little, for a time of its own whatever the backend makes of it. */
async function oneTooth(ctx: CheckContext, rates: Rates, follower: ScaleFollower): Promise<boolean> {
  const grown = await grow(ctx, rates, follower);
  await ctx.step('end the load', () => stopLoad(ctx));
  if (!grown) return false;
  await few(ctx, rates, TOOTH_LOW_MS);
  await ctx.step('let it be few for a while', () => sleep(TOOTH_LOW_MS, undefined, { signal: ctx.signal }));
  await ctx.step('end the load', () => stopLoad(ctx));
  return true;
}

async function growAndShrink(ctx: CheckContext, rates: Rates, follower: ScaleFollower): Promise<boolean> {
  const grown = await grow(ctx, rates, follower);
  await ctx.step('end the load', () => stopLoad(ctx));
  if (!grown) return false;
  const timeoutMs = shrinkingMs(ctx, follower.scale);
  await few(ctx, rates, timeoutMs + QUIET_MS);
  return ctx.step('wait until the backend is back at its minimum', () =>
    whileLoaded(ctx, timeoutMs, (signal) => follower.until(atMinimum, { timeoutMs, signal })),
  );
}

function few(ctx: CheckContext, { lowPerSecond }: Rates, durationMs: number): Promise<void> {
  return ctx.step(`send ${lowPerSecond} requests a second`, () =>
    startLoad(ctx, 'steady', {
      ...{ RATE: lowPerSecond, MAX_VUS: usersFor(lowPerSecond) },
      DURATION: `${Math.ceil(durationMs / 1000)}s`,
    }),
  );
}

function scaled(
  ctx: CheckContext,
  work: (declared: Declared, follower: ScaleFollower) => Promise<void>,
): Promise<void> {
  const declared = declaredOf(ctx);
  const subject = { called: 'the backend', deployment: declared.backend };
  return followed(ctx, subject, (follower) => work(declared, follower));
}

/** True when more pods than the minimum became ready. */
async function grow(ctx: CheckContext, rates: Rates, follower: ScaleFollower): Promise<boolean> {
  const longestMs = growingMs(ctx);
  const { lowPerSecond, highPerSecond, rampSeconds } = rates;
  await ctx.step(`let the load rise from ${lowPerSecond} to ${highPerSecond} requests a second`, () =>
    startLoad(ctx, 'ramp', {
      ...{ START_RATE: lowPerSecond, RATE: highPerSecond, RAMP_UP: `${rampSeconds}s`, RAMP_DOWN: '1s' },
      MAX_VUS: usersFor(highPerSecond),
      HOLD: `${Math.ceil((longestMs + HOLD_MS) / 1000)}s`,
    }),
  );
  // Only now: until an engine is there nothing is sent.
  ctx.record('load-begun', { perSecond: highPerSecond, rampSeconds });
  follower.repeat();
  const endMs = performance.now() + longestMs + HOLD_MS;
  const wait = (of: Patience): Promise<boolean> =>
    whileLoaded(ctx, of.timeoutMs, (signal) => follower.until(isGrown, { ...of, signal }));
  const grown = await ctx.step('wait until more pods are wanted and ready', () =>
    wait({ timeoutMs: longestMs }),
  );
  if (grown)
    await ctx.step('send on until no more are wanted for a while, to see latency', () =>
      wait({ timeoutMs: endMs - performance.now(), forMs: HOLD_MS }),
    );
  return grown;
}

function declaredOf(ctx: CheckContext): Declared {
  const { edge } = ctx.settings.topology ?? {};
  if (edge?.backend === undefined) throw new Error('the environment declares no topology.edge.backend');
  return { backend: edge.backend.deployment, rates: edge.backend.scaling };
}
