import { setTimeout as sleep } from 'node:timers/promises';
import { steadyBefore } from '../../failover/_trial/at-rest.ts';
import { asBefore, trial } from '../../failover/_trial/trial.ts';
import { isOverloaded } from '../../../reports/judge/before-fault.ts';
import { isMemberPod } from '../../../probes/store/member-pods.ts';
import type { CheckContext } from '../../harness/context.ts';
import { whyNotSent } from '../../harness/sending.ts';
import { listPods } from '../../topology/_objects/declared.ts';
import { clocked, lastStartMs, linesMs, linesOn, removeLines, startLines, writerPods } from './lines.ts';
import type { Clocks, LinesOrder, Writers } from './lines.ts';
import { servicePods, servicePodsOf } from './requests.ts';
import { runName, settingsOf } from './settings.ts';
import { recordShippers } from './shippers.ts';

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
  const named = { check: ctx.id, trial: ctx.trial };
  const { runner } = ctx;
  const { store, fault, target } = aimOf(ctx);
  const rejoined = { check: ctx.id, store, timeoutMs: ctx.timeoutMs('membersRejoined') };
  const sent: Sent = { ...canaryOf(ctx), follow, begunMs: 0, writingMs: 0, clocks: new Map(), writers: null };
  await trial(ctx, {
    rest: () => steadyBefore(ctx, store),
    load: async () => {
      if (follow.includes('logs')) {
        sent.writers = await linesOn(ctx, sent.order, () => nodesFirst(ctx));
        if (sent.writers === null) return false;
      }
      return (await started(ctx, sent)) && (await canaryFlows(ctx));
    },
    aim: () =>
      ctx.step(`inject ${fault} into the ${target} of ${store}`, () =>
        runner.call('fault.inject', { ...named, store, fault, target }),
      ),
    recovered: async ({ landedAtMs, proof, lasting }) => {
      if (landedAtMs === null) ctx.record('no-fault', { reason: proof });
      if (lasting !== true) return;
      await ctx.step('keep the fault in force', () =>
        sleep(ctx.timeoutMs('faultHold'), undefined, { signal: ctx.signal }),
      );
    },
    afterwards: async () => {
      const { ok, detail } = await ctx.step('wait until all members have rejoined', () =>
        runner.call('store.steady', rejoined),
      );
      ctx.record('healed', { ok, detail });
      await followed(ctx, sent);
    },
    stop: [() => runner.call('telemetry.stop', { check: ctx.id })],
    remove: async () => {
      const { writers } = sent;
      if (writers !== null) await ctx.step('remove the pods', () => removeLines(ctx, writers));
    },
  });
  if (sent.begunMs === 0) return;
  const after = await ctx.step(`see that ${store} is steady again`, () =>
    runner.call('store.steady', rejoined),
  );
  ctx.record('steady-after', { ...after });
  await asBefore(ctx);
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

/** What is sent, and when. */
interface Sent {
  run: string;
  requests: number;
  perSecond: number;
  order: LinesOrder;
  follow: ('logs' | 'traces')[];
  /** 0: nothing was sent. */
  begunMs: number;
  /** When all pods were there that write lines. */
  writingMs: number;
  clocks: Clocks;
  /** Null where no lines are followed. */
  writers: Writers | null;
}

function canaryOf(ctx: CheckContext): Pick<Sent, 'run' | 'requests' | 'perSecond' | 'order'> {
  const { canary, traces } = settingsOf(ctx).telemetry;
  const run = runName(ctx);
  const { underFaultSeconds: seconds, perSecond, linesPerSecond } = canary;
  const requests = Math.ceil(seconds * perSecond);
  const logging = (traces?.path ?? []).filter(({ logs }) => logs);
  const order = {
    run,
    count: Math.ceil(seconds * linesPerSecond),
    perSecond: linesPerSecond,
    requestLines: requests * logging.length,
  };
  return { run, requests, perSecond, order };
}

/** Whether requests are sent, after the pods have started that write lines. */
async function started(ctx: CheckContext, sent: Sent): Promise<boolean> {
  const { run, requests, perSecond, follow, writers } = sent;
  sent.begunMs = Date.now();
  if (writers !== null)
    sent.clocks = await ctx.step(
      `start a pod on each of ${writers.nodes.length} nodes that writes lines`,
      () => startLines(ctx, writers),
    );
  sent.writingMs = Date.now();
  const asked = {
    check: ctx.id,
    trial: ctx.trial,
    run,
    follow,
    requests,
    perSecond,
    nodes: writers?.nodes ?? [],
    lines: writers?.order.count ?? 0,
    sinceMs: sent.begunMs,
  };
  const reason = await ctx.step(`send ${requests} canary requests, ${perSecond} a second`, () =>
    whyNotSent(() => ctx.runner.call('telemetry.start', asked)),
  );
  if (reason !== null) ctx.record('no-fault', { reason });
  return reason === null;
}

/** False where the canary does not flow: a fault would prove nothing then, and add to what is broken. */
async function canaryFlows(ctx: CheckContext): Promise<boolean> {
  const { underFaultSeconds } = settingsOf(ctx).telemetry.canary;
  // Requests must still flow when the fault lands, which takes as long as its pods need to start.
  const beforeMs = Math.min(ctx.settings.drills.steadySeconds, underFaultSeconds / 2) * 1000;
  await ctx.step(`let requests and lines flow for ${beforeMs / 1000} s before the fault`, () =>
    sleep(beforeMs, undefined, { signal: ctx.signal }),
  );
  const before = await ctx.runner.call('telemetry.answers', { check: ctx.id });
  if (!isOverloaded(before)) return true;
  const reason = `${before.failed} of ${before.ended} canary requests had failed before the fault, and it was not injected`;
  ctx.record('no-fault', { reason });
  return false;
}

async function followed(ctx: CheckContext, sent: Sent): Promise<void> {
  const { run, requests, follow, begunMs, clocks, writers } = sent;
  const named = { check: ctx.id, trial: ctx.trial };
  const writtenMs =
    writers === null ? 0 : Math.max(sent.writingMs, await lastStartMs(ctx, writers)) + linesMs(writers.order);
  const lastMs = Math.max(Date.now(), writtenMs);
  await ctx.step(`follow what arrives in the stores of ${follow.join(' and ')}`, () =>
    ctx.runner.call('telemetry.finish', { check: ctx.id, lastMs }),
  );
  if (writers === null) return;
  await ctx.step("count the lines on the nodes' disks", async () => {
    const read = [...(await writerPods(ctx)), ...(await servicePods(ctx))];
    const pods = clocked(read, clocks, UNMEASURED_MS);
    await ctx.runner.call('telemetry.disk', { ...named, run, requests, pods, sinceMs: begunMs });
  });
  await recordShippers(ctx);
}

function aimOf({ id, settings }: CheckContext): Aim {
  const { store, fault, failover } = settings;
  if (store === undefined || fault === undefined)
    throw new Error(`${id} declares no store or no fault to inject`);
  return { target: failover?.target ?? 'leader', store, fault: failover?.fault ?? fault };
}
