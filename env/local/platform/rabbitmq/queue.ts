/** The application's queue, made when all members are there: one that is made before has members only where they were. */
import { waitFor } from '../../wait.ts';
import type { PlatformContext } from '../context.ts';
import { ensureSecrets } from '../secrets.ts';
import { APPLICATION_VHOST } from './config.ts';

const APPLICATION_QUEUE = 'tender.jobs';
const DEADLINE_MS = 90_000;
const ANSWER_MS = 10_000;

/**
 * Waits until one cluster of all members runs, makes the application's quorum queue where it is missing, and waits for its members.
 * @throws DeadlineError with what was seen last
 */
export async function ensureQueue(
  context: PlatformContext,
  at: { url: string; members: number },
): Promise<void> {
  const { rabbitmqAdmin } = await ensureSecrets(context.stateDir);
  const authorization = `Basic ${Buffer.from(`admin:${rabbitmqAdmin}`).toString('base64')}`;
  const call = async (path: string, body?: unknown): Promise<unknown> => {
    const signals = [
      AbortSignal.timeout(ANSWER_MS),
      ...(context.signal === undefined ? [] : [context.signal]),
    ];
    const answer = await fetch(`${at.url}${path}`, {
      method: body === undefined ? 'GET' : 'PUT',
      headers: { authorization, 'content-type': 'application/json' },
      signal: AbortSignal.any(signals),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: status ${String(answer.status)}: ${text.slice(0, 200)}`);
    return text === '' ? null : JSON.parse(text);
  };
  await waitFor(() => queueComplete(call, at.members), {
    what: `RabbitMQ of ${context.instance} to be one cluster of ${String(at.members)} with its queue ${APPLICATION_QUEUE}`,
    deadlineMs: DEADLINE_MS,
    intervalMs: 500,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} -n tender exec rabbitmq-0 -- rabbitmqctl cluster_status`,
  });
}

async function queueComplete(
  call: (path: string, body?: unknown) => Promise<unknown>,
  members: number,
): Promise<true> {
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
