import { monoMs } from '../../../host/clock.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckContext } from '../../harness/context.ts';
import { STEADY_MS } from '../../../reports/judge/failover/outages/recovery.ts';
import { MIN_ACKNOWLEDGED } from '../_judge/outages/rto.ts';
import type { StageName } from '../../../reports/record/observations/failover.ts';
import type { FaultResult } from '../../harness/protocol.ts';
import { saidOf, steadyBefore } from './at-rest.ts';
import {
  clientLoadFlows,
  clientLoadRecovered,
  clientLoadStarted,
  clientLoadStopped,
  rtoDeadlineOf,
  waited,
} from './client-load.ts';
import { asBefore, logsKept, trial } from './trial.ts';
import type { Span } from './trial.ts';

export interface TrialSubject {
  store: string;
  fault: string;
}

/** What `drill --target` and controls set for one run; everything else comes from the environment. */
interface TrialSettings {
  target: string;
  /** What a partition cuts off besides the peers, in place of what the environment says. */
  also?: 'api'[];
  /** A fault that only controls use, in place of the check's own. */
  fault: string;
  steadyBeforeMs: number;
  /** How long a fault that does not end by itself stays in force at least. */
  holdMs: number;
  /** How long to wait for writes to succeed again. */
  rtoDeadlineMs: number;
  membersRejoinedMs: number;
}

/** Writes to a store at rest, hits it once, waits until writes succeed again, heals it and reads everything back. */
export async function runStoreTrial(ctx: CheckContext, { store, fault }: TrialSubject): Promise<void> {
  const settings = settingsOf(ctx, fault);
  const named = { check: ctx.id, store, trial: ctx.trial };
  const { runner } = ctx;
  stage(ctx, 'steady before');
  await trial(ctx, {
    rest: () => steadyBefore(ctx, store),
    load: async () => {
      await ctx.step('read the settings that govern the failover', () =>
        runner.call('store.governing', { ...named, ...aimOf(settings), fault }),
      );
      await ctx.step('follow leader, members and endpoints', () => runner.call('observer.start', named));
      if (!(await clientLoadStarted(ctx, 'start writing', store))) return false;
      // As long at least as the stretch that ends an outage: a disturbance before the fault would merge with the outage after it.
      const stretchMs = Math.max(settings.steadyBeforeMs, STEADY_MS);
      return clientLoadFlows(ctx, { operations: 'writes', stretchMs, count: MIN_ACKNOWLEDGED });
    },
    aim: () => {
      stage(ctx, 'fault');
      return ctx.step(`inject ${settings.fault} into the ${settings.target} of ${store}`, () =>
        runner.call('fault.inject', { ...named, ...aimOf(settings) }),
      );
    },
    recovered: async (result) => {
      await recovered(ctx, result, settings);
      stage(ctx, 'healing');
    },
    afterwards: (span) => healAndReadBack(ctx, { store, span }, settings),
    stop: [() => clientLoadStopped(ctx), () => runner.call('observer.stop', { check: ctx.id })],
  });
}

/** Marks a stage of the trial, which lasts until the next begins. */
function stage(ctx: CheckContext, name: StageName): void {
  ctx.record('stage', { name });
}

function aimOf({ fault, target, also }: TrialSettings): { fault: string; target: string; also?: 'api'[] } {
  return { fault, target, ...(also !== undefined && { also }) };
}

async function recovered(
  ctx: CheckContext,
  { lasting, landedAtMs, target }: FaultResult,
  settings: TrialSettings,
): Promise<void> {
  stage(ctx, 'recovery');
  if (lasting === true) await hold(ctx, settings);
  if (landedAtMs === null) return;
  const title = `wait until writes succeed again for ${STEADY_MS / 1000} s (hit: ${target})`;
  await clientLoadRecovered(ctx, title, { rtoDeadlineMs: settings.rtoDeadlineMs });
}

/**
 * Keeps a lasting fault in force for a while, even while writes flow: a leader that is cut off may acknowledge until it is replaced. A
 * store without its majority cannot recover, so its members are returned afterwards; goal and deadline count from that return.
 */
async function hold(ctx: CheckContext, { holdMs, target }: TrialSettings): Promise<void> {
  await ctx.step(`keep the fault in force for ${holdMs / 1000} s`, () =>
    sleep(holdMs, undefined, { signal: ctx.signal }),
  );
  if (target !== 'majority') return;
  ctx.record('given-back');
  await ctx.step('restore the majority of the members', () =>
    ctx.runner.call('fault.restore', { check: ctx.id }),
  );
}

/** A server that has just started, a JVM above all, may take this long for its first reads while it accepts writes. */
const READS_AGAIN_MS = 30_000;

/**
 * A member that rejoins may stall the others. That belongs to the failover that clients see, and must end while the client load still
 * runs. Where nothing stalled, the steady stretch has already passed and this returns once what was open at the question is answered.
 */
async function writesGoOn(ctx: CheckContext, rtoDeadlineMs: number): Promise<void> {
  // Reads must succeed at the end of the recording, so that the end of their outage is seen. Some that never do again are for the judge.
  await ctx.step(`see ${STEADY_MS / 1000} s without a failed read`, () =>
    waited(ctx, {
      until: 'steady',
      stretchMs: STEADY_MS,
      begunBefore: true,
      reads: true,
      timeoutMs: Math.min(rtoDeadlineMs, READS_AGAIN_MS),
    }),
  );
  const title = `see ${STEADY_MS / 1000} s of writes without a failure`;
  await clientLoadRecovered(ctx, title, { rtoDeadlineMs, begunBefore: true, openEnded: true });
}

/** The order matters: writes stop before the read-back, and every member is back to be read. */
async function healAndReadBack(
  ctx: CheckContext,
  { store, span }: { store: string; span: Span },
  { membersRejoinedMs, rtoDeadlineMs }: TrialSettings,
): Promise<void> {
  const { runner } = ctx;
  const named = { check: ctx.id, store };
  const rejoinedByMs = monoMs() + membersRejoinedMs;
  const healed = await ctx.step('wait until all members have rejoined', () =>
    runner.call('store.steady', { ...named, timeoutMs: membersRejoinedMs }),
  );
  if (healed.ok) await writesGoOn(ctx, rtoDeadlineMs);
  await ctx.step('stop writing and wait for outstanding answers', () => clientLoadStopped(ctx));
  await logsKept(ctx, { store }, span);
  if (!healed.ok) {
    ctx.record('steady-after', saidOf(healed));
    return;
  }
  stage(ctx, 'read-back');
  await ctx.step('read everything back from the leader twice, then from every member', () =>
    runner.call('clientLoad.readBack', { ...named, trial: ctx.trial }),
  );
  stage(ctx, 'settling');
  // Members that somebody else evicts are noted until the end: they may be missing when roles are compared.
  await ctx.step('stop following', () => runner.call('observer.stop', { check: ctx.id, lookOn: true }));
  // A member that failed again after it had rejoined (RabbitMQ's autoheal restarts losers) gets as much time as one that rejoined late.
  const timeoutMs = Math.max(ctx.timeoutMs('settle'), Math.ceil(rejoinedByMs - monoMs()));
  const after = await ctx.step(`see that ${store} is steady again`, () =>
    runner.call('store.steady', { ...named, timeoutMs }),
  );
  ctx.record('steady-after', saidOf(after));
  await asBefore(ctx, membersRejoinedMs);
}

function settingsOf(ctx: CheckContext, fault: string): TrialSettings {
  const { failover: given = {}, drills } = ctx.settings;
  const defaults: TrialSettings = {
    target: 'leader',
    fault,
    steadyBeforeMs: drills.steadySeconds * 1000,
    holdMs: ctx.timeoutMs('faultHold'),
    rtoDeadlineMs: rtoDeadlineOf(ctx),
    membersRejoinedMs: ctx.timeoutMs('membersRejoined'),
  };
  return { ...defaults, ...given };
}
