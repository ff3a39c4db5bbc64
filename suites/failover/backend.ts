import { setTimeout as sleep } from 'node:timers/promises';
import type { Edge } from '../../env/schema.ts';
import type { CheckContext } from '../harness/check.ts';
import { monotonicMs } from '../harness/observations.ts';
import type { FaultResult, WaitParams } from '../harness/protocol.ts';
import { notedAtRest } from './at-rest.ts';

/** How faults are aimed at the backend, in place of a store (runner/backend.ts). */
const BACKEND = 'backend';
/** Fewer good answers before the fault say nothing about those after it. */
const MIN_ACKNOWLEDGED = 100;
/** After the window: what was due at its end must have come to an end too. */
const TAIL_MS = 2_000;

type Call = CheckContext['runner']['call'];
export type BackendFault = 'pod-crash' | 'rolling-restart' | 'node-loss';

interface Backend {
  namespace: string;
  name: string;
}

/**
 * One trial: requests through the edge at a fixed rate, one fault of the backend, requests for as long as the goal's window lasts,
 * then everything undone and compared. It only records; reports/judge/failover/backend.ts says what follows from it.
 */
export async function runBackendTrial(ctx: CheckContext, fault: BackendFault): Promise<void> {
  const { id: check, trial } = ctx;
  const call: Call = (method, params) => ctx.runner.call(method, params);
  const backend = backendOf(ctx);
  if (!(await ready(ctx, backend, 'steady', ctx.timeoutMs('steadyState')))) return;
  if (!(await notedAtRest(ctx))) return;
  try {
    await ctx.step('send requests through the edge', () =>
      call('workload.start', { check, store: 'edge', trial }),
    );
    if (!(await requestsFlow(ctx))) return;
    const startedMs = monotonicMs();
    const result = await inject(ctx, fault);
    if (result.landedAtMs !== null) await window(ctx, { fault, fromMs: result.landedAtMs });
    const seconds = { fromMs: result.landedAtMs ?? startedMs, toMs: monotonicMs() };
    await ctx.step('stop sending and wait for outstanding answers', () => call('workload.stop', { check }));
    await ctx.step('undo what is left of the fault', () => call('fault.restore', { check }));
    await ctx.step('keep what the pods logged and what happened to them in those seconds', () =>
      call('evidence.collect', {
        ...{ check, trial, ...seconds },
        pods: { namespace: backend.namespace, prefixes: [backend.name] },
      }),
    );
    await ready(ctx, backend, 'steady-after', ctx.timeoutMs('membersRejoined'));
    await ctx.step('see that roles and objects are as before', () =>
      call('state.compare', { check, trial, timeoutMs: ctx.timeoutMs('membersRejoined') }),
    );
  } finally {
    // For a step that threw: nothing of a trial may run on into the next.
    await call('workload.stop', { check });
    await call('fault.restore', { check });
  }
}

function backendOf(ctx: CheckContext): Backend {
  const { edge } = (ctx.settings['topology'] ?? {}) as { edge?: Edge };
  if (edge?.backend === undefined) throw new Error('the environment declares no topology.edge.backend');
  return edge.backend.deployment;
}

async function ready(
  ctx: CheckContext,
  { namespace, name }: Backend,
  kind: 'steady' | 'steady-after',
  timeoutMs: number,
): Promise<boolean> {
  const wait: WaitParams = {
    kind: 'apps/v1/Deployment',
    namespace,
    names: [name],
    until: 'ready',
    count: 1,
    timeoutMs,
  };
  const seen = await ctx.step(`wait until Deployment ${namespace}/${name} is ready`, async () => {
    try {
      const { items, unavailable } = await ctx.cluster.wait(wait);
      if (unavailable !== undefined) return { ok: false, detail: unavailable };
      return { ok: items.length > 0, detail: `Deployment ${namespace}/${name} is ready` };
    } catch (error) {
      ctx.signal.throwIfAborted();
      return { ok: false, detail: error instanceof Error ? error.message : String(error) };
    }
  });
  ctx.record(kind, seen);
  return seen.ok;
}

/** False when requests fail already: then no fault is injected, and the judge says so. */
async function requestsFlow(ctx: CheckContext): Promise<boolean> {
  const { steadySeconds } = ctx.settings['drills'] as { steadySeconds: number };
  const stretch = await ctx.step(`wait for ${steadySeconds} s of requests without a failure`, () =>
    ctx.runner.call('workload.wait', {
      check: ctx.id,
      until: 'steady',
      stretchMs: steadySeconds * 1000,
      timeoutMs: steadySeconds * 1000 + ctx.timeoutMs('steadyState'),
    }),
  );
  const count = await ctx.runner.call('workload.wait', {
    ...{ check: ctx.id, until: 'acknowledged', count: MIN_ACKNOWLEDGED },
    timeoutMs: ctx.timeoutMs('steadyState'),
  } as const);
  if (!stretch.met || !count.met)
    ctx.record('no-fault', { reason: stretch.met ? count.detail : stretch.detail });
  return stretch.met && count.met;
}

function inject(ctx: CheckContext, fault: BackendFault): Promise<FaultResult> {
  const { id: check, trial } = ctx;
  const { target = 'random' } = (ctx.settings['failover'] ?? {}) as { target?: string };
  return fault === 'rolling-restart'
    ? ctx.step('restart the backend pod by pod', () => ctx.runner.call('backend.restart', { check, trial }))
    : ctx.step(`inject ${fault} into a pod of the backend`, () =>
        ctx.runner.call('fault.inject', { check, trial, fault, store: BACKEND, target }),
      );
}

/** The goal's window; a rolling restart is followed to its end meanwhile. */
async function window(ctx: CheckContext, of: { fault: BackendFault; fromMs: number }): Promise<void> {
  const { id: check, trial } = ctx;
  const seconds = Number(ctx.goals['windowSeconds']);
  const untilMs = of.fromMs + seconds * 1000 + TAIL_MS;
  await ctx.step(`send requests for ${seconds} s after the fault`, async () => {
    if (of.fault === 'rolling-restart') {
      const timeoutMs = Math.max(0, untilMs - monotonicMs());
      const { done, detail } = await ctx.runner.call('backend.rolledOut', { check, trial, timeoutMs });
      if (!done) ctx.record('rollout-open', { detail });
    }
    await sleep(Math.max(0, untilMs - monotonicMs()), undefined, { signal: ctx.signal });
  });
}
