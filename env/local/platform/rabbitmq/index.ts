/** RabbitMQ with the queue of the application. */
import { RABBITMQ, RABBITMQ_HOME } from '../../images/debian/debian-stores.ts';
import { base, NONROOT, type ImageRecipe } from '../../images/recipes.ts';
import { TENDER, type PlatformContext } from '../context.ts';
import { part } from '../part.ts';
import { waitRollout } from '../rollout.ts';
import { ensureQueue, type OfRabbitmq } from './queue.ts';

export const RABBITMQ_IMAGE: ImageRecipe = {
  name: 'rabbitmq',
  tag: { version: '3.10' },
  layers: [base, { kind: 'debian', recipe: RABBITMQ }],
  run: {
    entrypoint: ['rabbitmq-server'],
    user: NONROOT,
    workdir: '/tmp',
    env: {
      PATH: `${RABBITMQ_HOME}/sbin:/usr/lib/erlang/bin:/usr/local/bin:/usr/bin:/bin`,
      LANG: 'C.UTF-8',
    },
  },
};

export const store = part({
  name: 'rabbitmq',
  images: [RABBITMQ_IMAGE],
  passwords: ['rabbitmqAdmin', 'rabbitmqTender', 'rabbitmqPlumbline', 'erlangCookie'],
  wait: waitRabbitmq,
});

const READY_DEADLINE_MS = 240_000; // 25 s on an idle machine, more than a minute where every store starts at once

/**
 * Waits for every member, then for one cluster of all of them and for the application's queue in it.
 * @throws DeadlineError with what the cluster said last
 */
async function waitRabbitmq(context: PlatformContext, applied: OfRabbitmq): Promise<void> {
  await waitRollout(context, {
    namespace: TENDER,
    workload: 'statefulset/rabbitmq',
    deadlineMs: READY_DEADLINE_MS,
  });
  await ensureQueue(context, applied);
}
