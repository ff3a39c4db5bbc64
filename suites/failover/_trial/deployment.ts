import { monoMs } from '../../../host/clock.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROLLOUT } from '../../../probes/kubernetes/workloads.ts';
import { kindOfService } from '../../../reports/record/names/topology-names.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { DeploymentName, FaultResult, WaitParams } from '../../harness/protocol.ts';
import { errorText } from '../../../reports/record/error-text.ts';
import { clientLoadFlows, clientLoadStarted, clientLoadStopped } from './client-load.ts';
import { asBefore, logsKept, trial } from './trial.ts';

/** Added to the window, so that requests that were due at its end can end too. */
const TAIL_MS = 2_000;
const ROLLING_RESTART = 'rolling-restart';

/** A Deployment whose pods are hit while requests are sent. */
export interface DeploymentTrial {
  /** How faults are aimed at it, in place of a store. */
  subject: DeploymentName;
  /** What it is called in steps: `the backend`. */
  called: string;
  deployment: { namespace: string; name: string };
  /** Client load through the edge (probes/client-load/drivers.ts), and the number of good answers required before the fault. */
  clientLoad: string;
  minAcknowledged: number;
  fault: string;
  /** Runs once no requests are sent any more, the fault is undone and the Deployment is ready again. */
  afterwards?: () => Promise<void>;
}

/** Sends requests through the edge at a fixed rate while a Deployment is hit, and throughout the goal's window. */
export async function runDeploymentTrial(ctx: CheckContext, of: DeploymentTrial): Promise<void> {
  const { namespace, name } = of.deployment;
  const stretchMs = ctx.settings.drills.steadySeconds * 1000;
  await trial(ctx, {
    rest: () => ready(ctx, of.deployment, 'steady', ctx.timeoutMs('steadyState')),
    load: async () =>
      (await clientLoadStarted(ctx, 'send requests through the edge', of.clientLoad)) &&
      clientLoadFlows(ctx, {
        operations: 'requests',
        stretchMs,
        count: of.minAcknowledged,
        neverFailed: true,
      }),
    aim: () => inject(ctx, of),
    recovered: async ({ landedAtMs }) => {
      if (landedAtMs !== null) await window(ctx, of, landedAtMs);
      await ctx.step('stop sending and wait for outstanding answers', () => clientLoadStopped(ctx));
    },
    afterwards: async (span) => {
      await logsKept(ctx, { namespace, prefixes: [name] }, span);
      await ready(ctx, of.deployment, 'steady-after', ctx.timeoutMs('membersRejoined'));
      await of.afterwards?.();
      await asBefore(ctx);
    },
    stop: [() => clientLoadStopped(ctx)],
  });
}

async function ready(
  ctx: CheckContext,
  { namespace, name }: DeploymentTrial['deployment'],
  kind: 'steady' | 'steady-after',
  timeoutMs: number,
): Promise<boolean> {
  const { topology, workloads } = ctx.settings;
  const of = kindOfService({ namespace, name }, topology?.workloads ?? workloads);
  const wait: WaitParams = {
    kind: of === 'Rollout' ? ROLLOUT : 'apps/v1/Deployment',
    namespace,
    names: [name],
    until: 'ready',
    count: 1,
    timeoutMs,
  };
  const seen = await ctx.step(`wait until ${of} ${namespace}/${name} is ready`, async () => {
    try {
      const { items, unavailable } = await ctx.cluster.wait(wait);
      if (unavailable !== undefined) return { ok: false, detail: unavailable };
      return { ok: items.length > 0, detail: `${of} ${namespace}/${name} is ready` };
    } catch (error) {
      ctx.signal.throwIfAborted();
      return { ok: false, detail: errorText(error) };
    }
  });
  ctx.record(kind, seen);
  return seen.ok;
}

function inject(ctx: CheckContext, { subject, called, fault }: DeploymentTrial): Promise<FaultResult> {
  const named = { check: ctx.id, trial: ctx.trial };
  const { target = 'random' } = ctx.settings.failover ?? {};
  return fault === ROLLING_RESTART
    ? ctx.step(`restart ${called} pod by pod`, () =>
        ctx.runner.call('deployment.restart', { ...named, subject }),
      )
    : ctx.step(`inject ${fault} into a pod of ${called}`, () =>
        ctx.runner.call('fault.inject', { ...named, fault, store: subject, target }),
      );
}

/** Waits for the goal's window; a rolling restart is followed to its end within it. */
async function window(ctx: CheckContext, { subject, fault }: DeploymentTrial, fromMs: number): Promise<void> {
  const { windowSeconds: seconds } = ctx.goals;
  if (seconds === undefined) throw new Error('the check has no goal windowSeconds');
  const untilMs = fromMs + seconds * 1000 + TAIL_MS;
  await ctx.step(`send requests for ${seconds} s after the fault`, async () => {
    if (fault === ROLLING_RESTART) {
      const timeoutMs = Math.max(0, untilMs - monoMs());
      const params = { check: ctx.id, trial: ctx.trial, subject, timeoutMs };
      const { done, detail } = await ctx.runner.call('deployment.rolledOut', params);
      if (!done) ctx.record('rollout-open', { detail });
    }
    await sleep(Math.max(0, untilMs - monoMs()), undefined, { signal: ctx.signal });
  });
}
