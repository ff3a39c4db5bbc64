/** The AI service with the model that it asks, and what tells its autoscaler how many jobs wait. */
import { join } from 'node:path';
import { waitFor } from '../../../../host/wait.ts';
import { PYTHON_SERVICE } from '../../images/debian/debian-services.ts';
import { app, base, NONROOT, service } from '../../images/recipes.ts';
import { replicasOf } from '../applied.ts';
import { TENDER, type PlatformContext } from '../context.ts';
import { render } from '../manifests.ts';
import { part } from '../part.ts';
import { APPLICATION_QUEUE, consumersOf, type OfRabbitmq } from '../rabbitmq/queue.ts';
import { ADAPTER_IMAGE, adapterObjects, waitApi } from '../system/index.ts';

const EXTERNAL_METRICS = {
  group: 'external.metrics.k8s.io',
  prometheus: 'http://prometheus.observability.svc.cluster.local:9090',
  rules: join(import.meta.dirname, 'rules.yaml'),
} as const;

export const ai = part({
  name: 'ai',
  images: [
    ADAPTER_IMAGE,
    app('llm-stub', [service('llm-stub')]),
    {
      name: 'tender-ai',
      tag: { version: '0.1.0' },
      layers: [base, { kind: 'debian', recipe: PYTHON_SERVICE }, service('tender-ai')],
      run: {
        entrypoint: ['python3', '/app/service/main.py'],
        user: NONROOT,
        workdir: '/app',
        env: { LANG: 'C.UTF-8', PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' },
      },
    },
  ],
  // RabbitMQ's own: its administrator is asked who consumes the queue.
  passwords: ['llmApiKey', 'rabbitmqAdmin'],
  objects: (context, secrets) => [
    ...['llm-stub', 'tender-ai'].flatMap((folder) => render(context, secrets, { folder })),
    ...adapterObjects(context, secrets, EXTERNAL_METRICS),
  ],
  works: takesJobs,
});

const CONSUMING_DEADLINE_MS = 60_000;

/**
 * Waits until the depth of the queue can be asked for, and until each pod takes jobs.
 * @throws DeadlineError with how many did
 */
async function takesJobs(context: PlatformContext, applied: OfRabbitmq): Promise<void> {
  await waitApi(context, EXTERNAL_METRICS.group);
  const pods = replicasOf(applied.objects, 'Deployment', 'tender-ai');
  await waitFor(async () => await enoughConsumers(context, applied, pods), {
    what: `${String(pods)} pods of tender-ai in ${context.instance} to consume the queue ${APPLICATION_QUEUE}`,
    deadlineMs: CONSUMING_DEADLINE_MS,
    intervalMs: 500,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} -n ${TENDER} logs deployment/tender-ai`,
  });
}

/** Throws while there are too few. */
async function enoughConsumers(context: PlatformContext, applied: OfRabbitmq, pods: number): Promise<true> {
  const consumers = await consumersOf(context, applied);
  if (consumers < pods) throw new Error(`${String(consumers)} consumers`);
  return true;
}
