import { setTimeout as sleep } from 'node:timers/promises';
import { notedAtRest, steadyBefore } from '../../failover/_trial/at-rest.ts';
import { endAll } from '../../failover/_trial/end-all.ts';
import { isOverloaded } from '../../../reports/judge/before-fault.ts';
import { isMemberPod } from '../../../probes/store/member-pods.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { FaultResult } from '../../harness/protocol.ts';
import { whyNotSent } from '../../harness/sending.ts';
import { listPods } from '../../topology/_objects/declared.ts';
import { clocked, lastStartMs, linesMs, linesOn, removeLines, startLines, writerPods } from './lines.ts';
import type { Clocks, Writers } from './lines.ts';
import { servicePods, servicePodsOf } from './requests.ts';
import { runName, settingsOf } from './settings.ts';
import { recordShippers } from './shippers.ts';

type Call = CheckContext['runner']['call'];

/** What controls and drills set for one run; everything else comes from the environment. */
interface Aim {
  store: string;
  fault: string;
  target: string;
}

/**
 * Sends requests and lines, hits the platform's main store meanwhile, and follows everything to its end: whatever was accepted or
 * written must still be in telemetry.
 */
export async function observeUnderFault(ctx: CheckContext, follow: ('logs' | 'traces')[]): Promise<void> {
  const { id: check } = ctx;
  const call: Call = (method, params) => ctx.runner.call(method, params);
  const aim = aimOf(ctx);
  if (!(await steadyBefore(ctx, aim.store)) || !(await notedAtRest(ctx))) return;
  const { canary, underFaultSeconds } = loadOf(ctx);
  const run = runName(ctx);
  const logging = (settingsOf(ctx).telemetry.traces?.path ?? []).filter(({ logs }) => logs);
  const order = {
    run,
    count: Math.ceil(underFaultSeconds * canary.linesPerSecond),
    perSecond: canary.linesPerSecond,
    requestLines: Math.ceil(underFaultSeconds * canary.perSecond) * logging.length,
  };
  const writers = follow.includes('logs') ? await linesOn(ctx, order, () => nodesFirst(ctx)) : null;
  if (follow.includes('logs') && writers === null) return;
  try {
    await canaryUnderFault(ctx, { aim, follow, run, writers, underFaultSeconds });
  } finally {
    // For a step that threw: nothing of a trial may run on into the next.
    await endAll(
      () => call('telemetry.stop', { check }),
      () => call('fault.restore', { check }),
    );
    if (writers !== null) await ctx.step('remove the pods', () => removeLines(ctx, writers));
  }
  const timeoutMs = ctx.timeoutMs('membersRejoined');
  const after = await ctx.step(`see that ${aim.store} is steady again`, () =>
    call('store.steady', { check, store: aim.store, timeoutMs }),
  );
  ctx.record('steady-after', { ...after });
  await ctx.step('see that roles and objects are as before', () =>
    call('state.compare', { check, trial: ctx.trial, timeoutMs }),
  );
}

/**
 * Nodes to write on before others: those of the store's members, of which the fault may take one, and those of pods of services, since only the
 * clocks of nodes with a writer are measured.
 */
async function nodesFirst(ctx: CheckContext): Promise<string[]> {
  const { store, stores } = ctx.settings;
  const declared = store === undefined ? undefined : stores[store];
  const pods = (await listPods(ctx)) ?? [];
  const members = pods.filter((pod) => declared !== undefined && isMemberPod(pod, declared));
  const services = [...new Set(servicePodsOf(ctx, pods).map(({ node }) => node))].sort();
  // Where they are more than are written on, others come first each night.
  const start = Math.floor(Math.random() * services.length);
  const turned = [...services.slice(start), ...services.slice(0, start)];
  return [...members.map(({ spec }) => spec.nodeName ?? ''), ...turned];
}

/** How far the clock of a node may be off on which nothing is written, ms: no search of the store allows for more. */
const UNMEASURED_MS = 900_000;

interface Trial {
  aim: Aim;
  follow: ('logs' | 'traces')[];
  run: string;
  writers: Writers | null;
  underFaultSeconds: number;
}

async function canaryUnderFault(ctx: CheckContext, of: Trial): Promise<void> {
  const { id: check, trial } = ctx;
  const { run, writers, follow, underFaultSeconds } = of;
  const { canary } = loadOf(ctx);
  const begunMs = Date.now();
  const clocks: Clocks =
    writers === null
      ? new Map()
      : await ctx.step(`start a pod on each of ${writers.nodes.length} nodes that writes lines`, () =>
          startLines(ctx, writers),
        );
  const sinceMs = Date.now();
  const asked = {
    run,
    follow,
    requests: Math.ceil(underFaultSeconds * canary.perSecond),
    perSecond: canary.perSecond,
    nodes: writers?.nodes ?? [],
    lines: writers?.order.count ?? 0,
    sinceMs: begunMs,
  };
  const unsent = await ctx.step(`send ${asked.requests} canary requests, ${asked.perSecond} a second`, () =>
    whyNotSent(() => ctx.runner.call('telemetry.start', { check, trial, ...asked })),
  );
  if (unsent !== null) {
    ctx.record('no-fault', { reason: unsent });
    return;
  }
  if (!(await injected(ctx, of))) return;
  const writtenMs =
    writers === null ? 0 : Math.max(sinceMs, await lastStartMs(ctx, writers)) + linesMs(writers.order);
  const lastMs = Math.max(Date.now(), writtenMs);
  await ctx.step(`follow what arrives in the stores of ${follow.join(' and ')}`, () =>
    ctx.runner.call('telemetry.finish', { check, lastMs }),
  );
  if (!follow.includes('logs')) return;
  await ctx.step("count the lines on the nodes' disks", async () => {
    const read = [...(writers === null ? [] : await writerPods(ctx)), ...(await servicePods(ctx))];
    const pods = clocked(read, clocks, UNMEASURED_MS);
    const sent = { run, requests: asked.requests };
    await ctx.runner.call('telemetry.disk', { check, trial, ...sent, pods, sinceMs: begunMs });
  });
  await recordShippers(ctx);
}

/**
 * The fault, once the canary flows; what lasts is kept for a while and then undone. False where the canary does not flow: a fault would prove
 * nothing then, and add to what is broken.
 */
async function injected(ctx: CheckContext, { aim, underFaultSeconds }: Trial): Promise<boolean> {
  const { id: check, trial } = ctx;
  const { store, fault, target } = aim;
  // Requests must still flow when the fault lands, which takes as long as its pods need to start.
  const beforeMs = Math.min(ctx.settings.drills.steadySeconds, underFaultSeconds / 2) * 1000;
  await ctx.step(`let requests and lines flow for ${beforeMs / 1000} s before the fault`, () =>
    sleep(beforeMs, undefined, { signal: ctx.signal }),
  );
  const before = await ctx.runner.call('telemetry.answers', { check });
  if (isOverloaded(before)) {
    const reason = `${before.failed} of ${before.ended} canary requests had failed before the fault, and it was not injected`;
    ctx.record('no-fault', { reason });
    return false;
  }
  const result: FaultResult = await ctx.step(`inject ${fault} into the ${target} of ${store}`, () =>
    ctx.runner.call('fault.inject', { check, trial, store, fault, target }),
  );
  if (result.landedAtMs === null) ctx.record('no-fault', { reason: result.proof });
  if (result.lasting === true)
    await ctx.step('keep the fault in force', () =>
      sleep(ctx.timeoutMs('faultHold'), undefined, { signal: ctx.signal }),
    );
  await ctx.step('undo what is left of the fault', () => ctx.runner.call('fault.restore', { check }));
  const healed = await ctx.step('wait until all members have rejoined', () =>
    ctx.runner.call('store.steady', { check, store, timeoutMs: ctx.timeoutMs('membersRejoined') }),
  );
  ctx.record('healed', { ok: healed.ok, detail: healed.detail });
  return true;
}

function aimOf({ id, settings }: CheckContext): Aim {
  const { store, fault, failover } = settings;
  if (store === undefined || fault === undefined)
    throw new Error(`${id} declares no store or no fault to inject`);
  return { target: failover?.target ?? 'leader', store, fault: failover?.fault ?? fault };
}

function loadOf(ctx: CheckContext) {
  const { canary } = settingsOf(ctx).telemetry;
  return { canary, underFaultSeconds: canary.underFaultSeconds };
}
