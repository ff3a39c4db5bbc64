import { setTimeout as sleep } from 'node:timers/promises';
import { ROLLOUT } from '../../../probes/kubernetes/workloads.ts';
import { kindOfService } from '../../../reports/record/names/topology-names.ts';
import type { CheckContext } from '../../harness/context.ts';
import { monotonicMs } from '../../harness/observations.ts';
import type { DeploymentName, FaultResult, WaitParams } from '../../harness/protocol.ts';
import { notedAtRest } from './at-rest.ts';
import { clientLoadStarted, isUntouched } from './client-load.ts';
import { endAll } from './end-all.ts';
import { errorText } from '../../../reports/record/error-text.ts';

/** Added to the window, so that requests that were due at its end can end too. */
const TAIL_MS = 2_000;
const ROLLING_RESTART = 'rolling-restart';

type Call = CheckContext['runner']['call'];
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

/**
 * One trial: requests through the edge at a fixed rate, one fault of the Deployment, requests throughout the goal's window, then
 * rollback and comparison. It only records; reports/judge/failover judges.
 */
export async function runDeploymentTrial(ctx: CheckContext, of: DeploymentTrial): Promise<void> {
  const { id: check, trial } = ctx;
  const call: Call = (method, params) => ctx.runner.call(method, params);
  const { deployment } = of;
  if (!(await ready(ctx, deployment, 'steady', ctx.timeoutMs('steadyState')))) return;
  if (!(await notedAtRest(ctx))) return;
  try {
    if (!(await clientLoadStarted(ctx, 'send requests through the edge', of.clientLoad))) return;
    if (!(await requestsFlow(ctx, of.minAcknowledged))) return;
    const startedMs = monotonicMs();
    const result = await inject(ctx, of);
    if (isUntouched(ctx, result)) return;
    if (result.landedAtMs !== null) await window(ctx, of, result.landedAtMs);
    const seconds = { fromMs: result.landedAtMs ?? startedMs, toMs: monotonicMs() };
    await ctx.step('stop sending and wait for outstanding answers', () => call('clientLoad.stop', { check }));
    await ctx.step('undo what is left of the fault', () => call('fault.restore', { check }));
    await ctx.step('keep logs and events of the pods from the time of the fault', () =>
      call('evidence.collect', {
        check,
        trial,
        ...seconds,
        pods: { namespace: deployment.namespace, prefixes: [deployment.name] },
      }),
    );
    await ready(ctx, deployment, 'steady-after', ctx.timeoutMs('membersRejoined'));
    await of.afterwards?.();
    await ctx.step('see that roles and objects are as before', () =>
      call('state.compare', { check, trial, timeoutMs: ctx.timeoutMs('membersRejoined') }),
    );
  } finally {
    // For a step that threw: nothing of a trial may run on into the next.
    await endAll(
      () => call('clientLoad.stop', { check }),
      () => call('fault.restore', { check }),
    );
  }
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

/**
 * False when requests fail already: then no fault is injected, and the judge says so. One that failed at any time since the load began is enough:
 * no fault makes such a trial pass.
 */
async function requestsFlow(ctx: CheckContext, minAcknowledged: number): Promise<boolean> {
  const { steadySeconds } = ctx.settings.drills;
  const stretch = await ctx.step(`wait for ${steadySeconds} s of requests without a failure`, () =>
    ctx.runner.call('clientLoad.wait', {
      check: ctx.id,
      until: 'steady',
      stretchMs: steadySeconds * 1000,
      timeoutMs: steadySeconds * 1000 + ctx.timeoutMs('steadyState'),
    }),
  );
  const count = await ctx.runner.call('clientLoad.wait', {
    check: ctx.id,
    until: 'acknowledged',
    count: minAcknowledged,
    timeoutMs: ctx.timeoutMs('steadyState'),
  } as const);
  const reason = [stretch, count].find(({ met }) => !met)?.detail ?? failedText(count);
  if (reason !== null) ctx.record('no-fault', { reason });
  return reason === null;
}

function failedText({ failed, acknowledged }: { failed: number; acknowledged: number }): string | null {
  return failed === 0 ? null : `${failed} of ${failed + acknowledged} requests had failed before the fault`;
}

function inject(ctx: CheckContext, { subject, called, fault }: DeploymentTrial): Promise<FaultResult> {
  const { id: check, trial } = ctx;
  const { target = 'random' } = ctx.settings.failover ?? {};
  return fault === ROLLING_RESTART
    ? ctx.step(`restart ${called} pod by pod`, () =>
        ctx.runner.call('deployment.restart', { check, trial, subject }),
      )
    : ctx.step(`inject ${fault} into a pod of ${called}`, () =>
        ctx.runner.call('fault.inject', { check, trial, fault, store: subject, target }),
      );
}

/** Waits for the goal's window; a rolling restart is followed to its end within it. */
async function window(ctx: CheckContext, { subject, fault }: DeploymentTrial, fromMs: number): Promise<void> {
  const { id: check, trial } = ctx;
  const { windowSeconds: seconds } = ctx.goals;
  if (seconds === undefined) throw new Error('the check has no goal windowSeconds');
  const untilMs = fromMs + seconds * 1000 + TAIL_MS;
  await ctx.step(`send requests for ${seconds} s after the fault`, async () => {
    if (fault === ROLLING_RESTART) {
      const timeoutMs = Math.max(0, untilMs - monotonicMs());
      const params = { check, trial, subject, timeoutMs };
      const { done, detail } = await ctx.runner.call('deployment.rolledOut', params);
      if (!done) ctx.record('rollout-open', { detail });
    }
    await sleep(Math.max(0, untilMs - monotonicMs()), undefined, { signal: ctx.signal });
  });
}
