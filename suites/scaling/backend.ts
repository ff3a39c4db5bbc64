import { setTimeout as sleep } from 'node:timers/promises';
import type { Edge } from '../../env/schema.ts';
import type { CheckContext } from '../harness/check.ts';
import { usersFor } from '../harness/users.ts';
import { ScaleFollower } from './follow.ts';
import type { Backend, Scale } from './follow.ts';

/** Requests go on this long after the last pod is ready: whether latency is as it should be again takes some seconds to say. */
const HOLD_MS = 20_000;
/** Kubernetes: the controller looks every 15 s, so that what comes back to the minimum and goes up again shows within one look more. */
const QUIET_MS = 20_000;

/** Load that makes the backend grow; the rates are the environment's. */
interface Rates {
  lowPerSecond: number;
  highPerSecond: number;
  rampSeconds: number;
}

interface Declared {
  backend: Backend;
  rates: Rates;
}

/**
 * The backend grows: from its minimum, through the edge, load that rises to a rate that its minimum cannot carry within the autoscaler's
 * target, until what the autoscaler wanted is ready and has answered for a while. reports/judge/scaling says what follows from it.
 */
export async function growBackend(ctx: CheckContext): Promise<void> {
  await scaled(ctx, async (declared, follower) => {
    await grow(ctx, declared, follower);
    await ctx.step('end the load', () => stop(ctx));
  });
}

/** The backend shrinks: grown first, then as few requests as it has on a quiet day, until it is back at its minimum and stays there. */
export async function shrinkBackend(ctx: CheckContext): Promise<void> {
  await scaled(ctx, async (declared, follower) => {
    const teeth = Number(ctx.settings['teeth'] ?? 1);
    for (let tooth = 1; tooth <= teeth; tooth++) if (!(await growAndShrink(ctx, declared, follower))) return;
    await ctx.step('see whether it stays there', () => sleep(QUIET_MS, undefined, { signal: ctx.signal }));
    await ctx.step('end the load', () => stop(ctx));
  });
}

async function growAndShrink(
  ctx: CheckContext,
  declared: Declared,
  follower: ScaleFollower,
): Promise<boolean> {
  await stop(ctx);
  const grown = await grow(ctx, declared, follower);
  await ctx.step('end the load', () => stop(ctx));
  if (!grown) return false;
  const { lowPerSecond } = declared.rates;
  const longestMs = ctx.timeoutMs('scaleDown');
  await ctx.step(`send ${lowPerSecond} requests a second`, () =>
    load(ctx, 'steady', {
      ...{ RATE: lowPerSecond, MAX_VUS: usersFor(lowPerSecond) },
      DURATION: `${Math.ceil((longestMs + QUIET_MS) / 1000)}s`,
    }),
  );
  return ctx.step('wait until the backend is back at its minimum', () =>
    follower.until(atMinimum, longestMs),
  );
}

function atMinimum({ desired, ready, total, min }: Scale): boolean {
  return desired === min && ready === min && total === min;
}

async function scaled(
  ctx: CheckContext,
  work: (declared: Declared, follower: ScaleFollower) => Promise<void>,
): Promise<void> {
  const declared = declaredOf(ctx);
  const { namespace, name } = declared.backend;
  const follower = new ScaleFollower(ctx, declared.backend);
  const there = await ctx.step(`read the autoscaler of Deployment ${namespace}/${name}`, () =>
    follower.start(),
  );
  if (!there) return;
  try {
    const rests = await ctx.step('wait until the backend is at its minimum', () =>
      follower.until(atMinimum, ctx.timeoutMs('scaleDown')),
    );
    if (rests) await work(declared, follower);
    else ctx.record('not-at-minimum', { scale: follower.scale });
  } finally {
    // For a step that threw: nothing of a trial may run on into the next.
    await stop(ctx);
    await follower.end();
  }
}

/** True when more pods than the minimum became ready. */
async function grow(ctx: CheckContext, { rates }: Declared, follower: ScaleFollower): Promise<boolean> {
  const longestMs = Number(ctx.settings['scaleUpMs'] ?? ctx.timeoutMs('scaleUp'));
  follower.repeat();
  const { lowPerSecond, highPerSecond, rampSeconds } = rates;
  ctx.record('phase', { name: 'load-start', rates });
  await ctx.step(`let the load rise from ${lowPerSecond} to ${highPerSecond} requests a second`, () =>
    load(ctx, 'ramp', {
      ...{ START_RATE: lowPerSecond, RATE: highPerSecond, RAMP_UP: `${rampSeconds}s`, RAMP_DOWN: '1s' },
      MAX_VUS: usersFor(highPerSecond),
      HOLD: `${Math.ceil((longestMs + HOLD_MS) / 1000)}s`,
    }),
  );
  const grown = await ctx.step('wait until more pods are wanted and ready', () =>
    follower.until(({ desired, ready, min }) => desired > min && ready >= desired, longestMs),
  );
  if (grown)
    await ctx.step('send on, to see latency', () => sleep(HOLD_MS, undefined, { signal: ctx.signal }));
  return grown;
}

async function load(
  ctx: CheckContext,
  scenario: string,
  variables: Record<string, string | number>,
): Promise<void> {
  const { id: check, trial } = ctx;
  await ctx.runner.call('load.start', { check, trial, scenario, variables });
}

async function stop(ctx: CheckContext): Promise<void> {
  const { stopped } = await ctx.runner.call('load.stop', { check: ctx.id });
  if (stopped) ctx.record('phase', { name: 'load-end' });
}

function declaredOf(ctx: CheckContext): Declared {
  const { edge } = (ctx.settings['topology'] ?? {}) as { edge?: Edge };
  if (edge?.backend === undefined) throw new Error('the environment declares no topology.edge.backend');
  return { backend: edge.backend.deployment, rates: edge.backend.scaling };
}
