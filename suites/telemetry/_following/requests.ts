import { workloadNameOf } from '../../../reports/record/names/path-names.ts';
import type { CheckContext } from '../../harness/context.ts';
import { whyNotSent } from '../../harness/sending.ts';
import type { DiskPod } from '../../harness/protocol.ts';
import { listPods } from '../../topology/_objects/declared.ts';
import { ownerOf } from '../../topology/_objects/shapes.ts';
import type { PodObject } from '../../topology/_objects/shapes.ts';
import { diskPod } from './lines.ts';
import { runName, settingsOf } from './settings.ts';

export interface Requests {
  count: number;
  follow: ('logs' | 'traces')[];
}

/** Sends canary requests, and waits until everything of them has arrived or is past its time. */
export async function followRequests(ctx: CheckContext, { count, follow }: Requests): Promise<void> {
  const { id: check, trial } = ctx;
  const { canary } = settingsOf(ctx).telemetry;
  const run = runName(ctx);
  const begunMs = Date.now();
  try {
    const unsent = await ctx.step(
      `send ${count} canary requests through the edge, ${canary.perSecond} a second`,
      async () => {
        const order = {
          run,
          requests: count,
          perSecond: canary.perSecond,
          nodes: [],
          lines: 0,
          sinceMs: begunMs,
        };
        const why = await whyNotSent(() =>
          ctx.runner.call('telemetry.start', { check, trial, follow, ...order }),
        );
        if (why === null) await ctx.runner.call('telemetry.sent', { check });
        return why;
      },
    );
    if (unsent !== null) {
      ctx.unavailable('the canary requests', unsent);
      return;
    }
    await ctx.step(`follow what arrives in the stores of ${follow.join(' and ')}`, () =>
      ctx.runner.call('telemetry.finish', { check, lastMs: Date.now() }),
    );
  } finally {
    await ctx.runner.call('telemetry.stop', { check });
  }
}

/** Pods of the services on the path of a request, by the names of their workloads. */
export async function servicePods(ctx: CheckContext): Promise<DiskPod[]> {
  return servicePodsOf(ctx, (await listPods(ctx)) ?? []);
}

/** Those of listed pods. */
export function servicePodsOf(ctx: CheckContext, pods: readonly PodObject[]): DiskPod[] {
  const { telemetry, workloads } = settingsOf(ctx);
  const names = new Set((telemetry.traces?.path ?? []).map(workloadNameOf));
  return pods.flatMap((pod) => {
    const owner = ownerOf(pod);
    const declared = workloads.some(
      ({ kind, namespace, name }) =>
        kind === owner.kind && name === owner.name && namespace === pod.metadata.namespace,
    );
    if (!declared || !names.has(owner.name)) return [];
    return pod.spec.containers.map(({ name }) => diskPod(pod, name));
  });
}
