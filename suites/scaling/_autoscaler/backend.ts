import type { CheckContext } from '../../harness/context.ts';
import type { Patience, ScaleFollower, Scaled } from './follow.ts';
import { followed, growingMs, isGrown, startLoad, targetOf, whileLoaded } from './loaded.ts';

/** The load continues for this long after the last desired pod is ready, to see whether latency recovers. */
const HOLD_MS = 20_000;

/** Load that makes the backend grow; the rates are the environment's. */
export interface Rates {
  lowPerSecond: number;
  highPerSecond: number;
  rampSeconds: number;
  /** One of the environment's, in place of `ramp`. */
  scenario?: string | undefined;
}

interface Declared {
  backend: Scaled;
  rates: Rates;
}

export function scaled(
  ctx: CheckContext,
  work: (declared: Declared, follower: ScaleFollower) => Promise<void>,
): Promise<void> {
  const declared = declaredOf(ctx);
  const subject = { called: 'the backend', target: declared.backend };
  return followed(ctx, subject, (follower) => work(declared, follower));
}

/** True when more pods than the minimum became ready. */
export async function grow(ctx: CheckContext, rates: Rates, follower: ScaleFollower): Promise<boolean> {
  const longestMs = growingMs(ctx);
  const { lowPerSecond, highPerSecond, rampSeconds, scenario = 'ramp' } = rates;
  const sends = await ctx.step(
    `let the load rise from ${lowPerSecond} to ${highPerSecond} requests a second`,
    () =>
      startLoad(ctx, scenario, {
        START_RATE: lowPerSecond,
        RATE: highPerSecond,
        RAMP_UP: `${rampSeconds}s`,
        RAMP_DOWN: '1s',
        HOLD: `${Math.ceil((longestMs + HOLD_MS) / 1000)}s`,
      }),
  );
  if (!sends) return false;
  // Recorded only now: before the engine runs nothing is sent.
  ctx.record('load-begun', { perSecond: highPerSecond, rampSeconds });
  follower.repeat();
  const endMs = performance.now() + longestMs + HOLD_MS;
  const wait = (of: Patience): Promise<boolean> =>
    whileLoaded(ctx, of.timeoutMs, (signal) => follower.until(isGrown, { ...of, signal }));
  const grown = await ctx.step('wait until more pods are desired and ready', () =>
    wait({ timeoutMs: longestMs }),
  );
  if (grown)
    await ctx.step('keep sending until no more pods are desired for a while, to see latency', () =>
      wait({ timeoutMs: endMs - performance.now(), forMs: HOLD_MS }),
    );
  return grown;
}

function declaredOf(ctx: CheckContext): Declared {
  const { edge } = ctx.settings.topology ?? {};
  if (edge?.backend === undefined) throw new Error('the environment declares no topology.edge.backend');
  const { deployment, scaling } = edge.backend;
  return { backend: targetOf(ctx, deployment, scaling.scaledObject), rates: scaling };
}
