/** RabbitMQ with the queue of the application. */
import { TENDER, type PlatformContext } from '../context.ts';
import { waitRollout } from '../rollout.ts';
import { ensureQueue } from './queue.ts';

const MEMBERS = 3;

const READY_DEADLINE_MS = 240_000; // 25 s on an idle machine, more than a minute where every store starts at once

/**
 * Waits for every member, then for one cluster of all of them and for the application's queue in it.
 * @throws DeadlineError with what the cluster said last
 */
export async function waitRabbitmq(context: PlatformContext): Promise<void> {
  await waitRollout(context, {
    namespace: TENDER,
    workload: 'statefulset/rabbitmq',
    deadlineMs: READY_DEADLINE_MS,
  });
  await ensureQueue(context, MEMBERS);
}
