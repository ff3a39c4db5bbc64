import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckContext } from '../../harness/context.ts';
import { monotonicMs } from '../../harness/observations.ts';
import { STEADY_MS } from '../../../reports/judge/failover/outages/recovery.ts';
import { MIN_ACKNOWLEDGED } from '../../../reports/judge/failover/outages/rto.ts';
import type { StageName } from '../../../reports/record/observations/failover.ts';
import type { FaultResult } from '../../harness/protocol.ts';
import { notedAtRest, saidOf, steadyBefore } from './at-rest.ts';
import { clientLoadStarted, isUntouched } from './client-load.ts';
import { endAll } from './end-all.ts';

type Call = CheckContext['runner']['call'];

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

/**
 * One failover trial: write to a store at rest, hit it once, wait until writes succeed again, heal it, read everything back. It only
 * records; reports/judge/failover judges.
 */
export async function runTrial(ctx: CheckContext, subject: TrialSubject): Promise<void> {
  const settings = settingsOf(ctx, subject.fault);
  const { check, store, trial } = { check: ctx.id, store: subject.store, trial: ctx.trial };
  const call: Call = (method, params) => ctx.runner.call(method, params);
  stage(ctx, 'steady before');
  if (!(await steadyBefore(ctx, store))) return;
  if (!(await notedAtRest(ctx))) return;
  await ctx.step('read the settings that govern the failover', () =>
    call('store.governing', { check, store, trial, ...aimOf(settings), fault: subject.fault }),
  );
  try {
    await ctx.step('follow leader, members and endpoints', () =>
      call('observer.start', { check, store, trial }),
    );
    if (!(await clientLoadStarted(ctx, 'start writing', store))) return;
    if (!(await writesFlow(ctx, settings))) return;
    stage(ctx, 'fault');
    const injectedMs = monotonicMs();
    const result = await ctx.step(`inject ${settings.fault} into the ${settings.target} of ${store}`, () =>
      call('fault.inject', { check, store, trial, ...aimOf(settings) }),
    );
    if (isUntouched(ctx, result)) return;
    stage(ctx, 'recovery');
    if (result.lasting === true) await hold(ctx, settings);
    if (result.landedAtMs !== null) await recovery(ctx, result, settings.rtoDeadlineMs);
    const seconds = { fromMs: result.landedAtMs ?? injectedMs, toMs: monotonicMs() };
    stage(ctx, 'healing');
    await ctx.step('undo what is left of the fault', () => call('fault.restore', { check }));
    await healAndReadBack(ctx, { store, seconds }, settings);
  } finally {
    // For a step that threw: nothing of a trial may run on into the next.
    await endAll(
      () => call('clientLoad.stop', { check }),
      () => call('observer.stop', { check }),
      () => call('fault.restore', { check }),
    );
  }
}

/** Marks a stage of the trial, which lasts until the next begins. */
function stage(ctx: CheckContext, name: StageName): void {
  ctx.record('stage', { name });
}

/**
 * False when writes do not flow: then no fault is injected, and the judge finds too few acknowledged writes. The stretch is at least as
 * long as the one that ends an outage: otherwise a disturbance before the fault would merge with the outage after it.
 */
async function writesFlow(ctx: CheckContext, settings: TrialSettings): Promise<boolean> {
  const check = ctx.id;
  const stretchMs = Math.max(settings.steadyBeforeMs, STEADY_MS);
  const timeoutMs = stretchMs + ctx.timeoutMs('steadyState');
  const stretch = await ctx.step(`wait for ${stretchMs / 1000} s of writes without a failure`, () =>
    ctx.runner.call('clientLoad.wait', { check, until: 'steady', stretchMs, timeoutMs }),
  );
  const count = await ctx.runner.call('clientLoad.wait', {
    check,
    until: 'acknowledged',
    count: MIN_ACKNOWLEDGED,
    timeoutMs: ctx.timeoutMs('storeOperation'),
  });
  if (!stretch.met || !count.met)
    ctx.record('no-fault', { reason: stretch.met ? count.detail : stretch.detail });
  return stretch.met && count.met;
}

function aimOf({ fault, target, also }: TrialSettings): { fault: string; target: string; also?: 'api'[] } {
  return { fault, target, ...(also !== undefined && { also }) };
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

/** Waits until the client load is steady again; if it is not by the deadline, that is recorded. */
async function recovery(ctx: CheckContext, result: FaultResult, rtoDeadlineMs: number): Promise<void> {
  const seen = await ctx.step(
    `wait until writes succeed again for ${STEADY_MS / 1000} s (hit: ${result.target})`,
    () =>
      ctx.runner.call('clientLoad.wait', {
        check: ctx.id,
        until: 'steady',
        stretchMs: STEADY_MS,
        timeoutMs: rtoDeadlineMs,
      }),
  );
  if (!seen.met) ctx.record('deadline', { rtoDeadlineMs, detail: seen.detail });
}

/** A server that has just started, a JVM above all, may take this long for its first reads while it accepts writes. */
const READS_AGAIN_MS = 30_000;

/**
 * A member that rejoins may stall the others. That belongs to the failover that clients see, and must end while the client load still
 * runs. Where nothing stalled, the steady stretch has already passed and this returns at once.
 */
async function writesGoOn(ctx: CheckContext, rtoDeadlineMs: number): Promise<void> {
  const wait = { until: 'steady', stretchMs: STEADY_MS, begunBefore: true } as const;
  // Reads have no goal of their own, but must succeed at the end of the recording. Some that never do again are for the judge.
  await ctx.step(`see ${STEADY_MS / 1000} s without a failed read`, () =>
    ctx.runner.call('clientLoad.wait', {
      check: ctx.id,
      ...wait,
      reads: true,
      timeoutMs: Math.min(rtoDeadlineMs, READS_AGAIN_MS),
    }),
  );
  const seen = await ctx.step(`see ${STEADY_MS / 1000} s of writes without a failure`, () =>
    ctx.runner.call('clientLoad.wait', { check: ctx.id, ...wait, timeoutMs: rtoDeadlineMs }),
  );
  if (!seen.met) ctx.record('deadline', { rtoDeadlineMs, detail: seen.detail });
}

/** The order matters: writes stop before the read-back, and every member is back to be read. */
async function healAndReadBack(
  ctx: CheckContext,
  { store, seconds }: { store: string; seconds: { fromMs: number; toMs: number } },
  { membersRejoinedMs, rtoDeadlineMs }: TrialSettings,
): Promise<void> {
  const { id: check, trial } = ctx;
  const call: Call = (method, params) => ctx.runner.call(method, params);
  const rejoinedByMs = monotonicMs() + membersRejoinedMs;
  const healed = await ctx.step('wait until all members have rejoined', () =>
    call('store.steady', { check, store, timeoutMs: membersRejoinedMs }),
  );
  if (healed.ok) await writesGoOn(ctx, rtoDeadlineMs);
  await ctx.step('stop writing and wait for outstanding answers', () => call('clientLoad.stop', { check }));
  await ctx.step('keep logs and events of the pods from the time of the fault', () =>
    call('evidence.collect', { check, trial, pods: { store }, ...seconds }),
  );
  if (!healed.ok) {
    ctx.record('steady-after', saidOf(healed));
    return;
  }
  stage(ctx, 'read-back');
  await ctx.step('read everything back from the leader twice, then from every member', () =>
    call('clientLoad.readBack', { check, store, trial }),
  );
  stage(ctx, 'settling');
  // Members that somebody else evicts are noted until the end: they may be missing when roles are compared.
  await ctx.step('stop following', () => call('observer.stop', { check, lookOn: true }));
  // A member that failed again after it had rejoined (RabbitMQ's autoheal restarts losers) gets as much time as one that rejoined late.
  const timeoutMs = Math.max(ctx.timeoutMs('settle'), Math.ceil(rejoinedByMs - monotonicMs()));
  const after = await ctx.step(`see that ${store} is steady again`, () =>
    call('store.steady', { check, store, timeoutMs }),
  );
  ctx.record('steady-after', saidOf(after));
  // Other stores may have had a member on the same node: they get the time that this one had.
  await ctx.step('see that roles and objects are as before', () =>
    call('state.compare', { check, trial, timeoutMs: membersRejoinedMs }),
  );
}

function settingsOf(ctx: CheckContext, fault: string): TrialSettings {
  const { failover: given = {}, drills } = ctx.settings;
  const defaults: TrialSettings = {
    target: 'leader',
    fault,
    steadyBeforeMs: drills.steadySeconds * 1000,
    holdMs: ctx.timeoutMs('faultHold'),
    rtoDeadlineMs: ctx.settings.rtoDeadlineMs ?? ctx.timeoutMs('rtoDeadline'),
    membersRejoinedMs: ctx.timeoutMs('membersRejoined'),
  };
  return { ...defaults, ...given };
}
