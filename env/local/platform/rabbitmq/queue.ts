/** The application's queue, made when all members are there: one that is made before has members only where they were. */
import { askOnce } from '../../../../host/http.ts';
import { waitFor } from '../../../../host/wait.ts';
import { replicasOf, urlOf } from '../applied.ts';
import type { PlatformContext } from '../context.ts';
import type { Applied } from '../part.ts';

/** The result of applying RabbitMQ's manifests; it includes the password of RabbitMQ's administrator. */
export type OfRabbitmq = Applied<'rabbitmqAdmin'>;

/** The virtual host of the application. */
const APPLICATION_VHOST = 'tender';
/** Where the backend puts the AI service's jobs. */
export const APPLICATION_QUEUE = 'tender.jobs';
const DEADLINE_MS = 90_000;
const ANSWER_MS = 10_000;

/**
 * Waits until one cluster of all members runs, makes the application's quorum queue where it is missing, and waits for its members.
 * @throws DeadlineError with what was seen last
 */
export async function ensureQueue(context: PlatformContext, applied: OfRabbitmq): Promise<void> {
  const call = callOf(context, applied);
  const members = replicasOf(applied.objects, 'StatefulSet', 'rabbitmq');
  await waitFor(() => queueComplete(call, members), {
    what: `RabbitMQ of ${context.instance} to be one cluster of ${String(members)} with its queue ${APPLICATION_QUEUE}`,
    deadlineMs: DEADLINE_MS,
    intervalMs: 500,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} -n tender exec rabbitmq-0 -- rabbitmqctl cluster_status`,
  });
}

/** One request to the management API; what it answers. */
type Call = (path: string, body?: unknown) => Promise<unknown>;

/** Requests as the administrator. @throws Error with path, status and text of any answer but a good one */
function callOf({ signal }: PlatformContext, { objects, secrets }: OfRabbitmq): Call {
  const url = urlOf(objects, 'rabbitmq', 'management');
  const account = { user: 'admin', password: secrets.rabbitmqAdmin };
  const headers = { 'content-type': 'application/json' };
  return async (path, body) => {
    const sent = body === undefined ? {} : { method: 'PUT', body: JSON.stringify(body) };
    const { status, text } = await askOnce(
      { url, account },
      { path, headers, ...sent },
      { deadlineMs: ANSWER_MS, signal },
    );
    if (status < 200 || status > 299) throw new Error(`${path}: status ${status}: ${text.slice(0, 200)}`);
    return text === '' ? null : (JSON.parse(text) as unknown);
  };
}

/** How many take jobs from the application's queue now. */
export async function consumersOf(context: PlatformContext, applied: OfRabbitmq): Promise<number> {
  const call = callOf(context, applied);
  const path = `/api/queues/${APPLICATION_VHOST}/${APPLICATION_QUEUE}`;
  const { consumers = 0 } = (await call(path)) as { consumers?: number };
  return consumers;
}

async function queueComplete(call: Call, members: number): Promise<true> {
  const nodes = (await call('/api/nodes')) as { name: string; running: boolean }[];
  const running = nodes.filter((node) => node.running).map(({ name }) => name);
  if (running.length !== members)
    throw new Error(`${String(running.length)} members run: ${running.join(', ')}`);
  const path = `/api/queues/${APPLICATION_VHOST}/${APPLICATION_QUEUE}`;
  await call(path, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  const { online } = (await call(`${path}?disable_stats=true`)) as { online?: string[] };
  if (online?.length !== members)
    throw new Error(`${APPLICATION_QUEUE} has ${String(online?.length ?? 0)} members online`);
  return true;
}
