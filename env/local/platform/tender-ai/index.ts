/** The AI service with the model that it asks, and what tells its autoscaler how many jobs wait (toolchain/external-metrics). */
import { allSettledOrThrow } from '../../cluster/bringup.ts';
import { waitFor } from '../../../../host/wait.ts';
import { SYSTEM, TENDER, type PlatformContext } from '../context.ts';
import { render } from '../manifests.ts';
import type { KubeObject } from '../objects.ts';
import { APPLICATION_QUEUE, consumersOf } from '../rabbitmq/queue.ts';
import { waitRollout } from '../rollout.ts';
import type { Secrets } from '../secrets.ts';
import { aggregatedObjects, waitApi } from '../system/index.ts';

const EXTERNAL_METRICS = { name: 'external-metrics', group: 'external.metrics.k8s.io' } as const;
/** As many pods as the manifest begins with. */
const PODS = 2;

/** Every object of them. */
export function aiObjects(context: PlatformContext, secrets: Secrets): KubeObject[] {
  return [
    ...['llm-stub', 'tender-ai'].flatMap((folder) => render(context, secrets, { folder })),
    ...aggregatedObjects(context, secrets, EXTERNAL_METRICS),
  ];
}

const READY_DEADLINE_MS = 180_000; // some 5 s on an idle machine; Python starts slowly where every store does too
const CONSUMING_DEADLINE_MS = 60_000;
const DEPLOYMENTS = [
  [TENDER, 'llm-stub'],
  [TENDER, 'tender-ai'],
  [SYSTEM, EXTERNAL_METRICS.name],
] as const;

/**
 * Waits for the pods, until the depth of the queue can be asked for, and until each of them takes jobs.
 * @throws DeadlineError with how many did
 */
export async function waitAi(context: PlatformContext): Promise<void> {
  const rollouts = DEPLOYMENTS.map(([namespace, name]) =>
    waitRollout(context, {
      namespace,
      workload: `deployment/${name}`,
      deadlineMs: READY_DEADLINE_MS,
    }),
  );
  await allSettledOrThrow(rollouts);
  await waitApi(context, EXTERNAL_METRICS.group);
  await waitFor(async () => await enoughConsumers(context), {
    what: `${String(PODS)} pods of tender-ai in ${context.instance} to consume the queue ${APPLICATION_QUEUE}`,
    deadlineMs: CONSUMING_DEADLINE_MS,
    intervalMs: 500,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} -n ${TENDER} logs deployment/tender-ai`,
  });
}

/** Throws while there are too few. */
async function enoughConsumers(context: PlatformContext): Promise<true> {
  const consumers = await consumersOf(context);
  if (consumers < PODS) throw new Error(`${String(consumers)} consumers`);
  return true;
}
