/** The store of log lines: one Elasticsearch of its own. */
import { waitFor } from '../../../../host/wait.ts';
import { urlOf } from '../applied.ts';
import { OBSERVABILITY, type PlatformContext } from '../context.ts';
import { callOf, type Call } from '../elasticsearch/call.ts';
import { serverObjects } from '../elasticsearch/server.ts';
import type { KubeObject } from '../objects.ts';
import type { Applied } from '../part.ts';
import type { Secrets } from '../secrets.ts';
import { INDEX_TEMPLATE, outdated, TEMPLATE } from './lines.ts';

/** What was applied, with the password of the account that reads. */
export type OfLogstore = Applied<'logstorePlumbline'>;

const NAME = 'logstore';
/** With 384 MB it refused lines that came in bulk (429), and was not ready meanwhile. */
const HEAP = '640m';

/** Every object of it. The account beside the one that reads ships. */
export function logstoreObjects(context: PlatformContext, secrets: Secrets): KubeObject[] {
  const server = { name: NAME, namespace: OBSERVABILITY, heap: HEAP, owner: 'shipper' };
  return serverObjects(context, secrets, server, { folder: NAME });
}

const PREPARED_DEADLINE_MS = 60_000;

/**
 * Gives the server the template without which no shipper begins.
 * @throws DeadlineError with what the server said last
 */
export async function ensureTemplate(
  context: PlatformContext,
  { objects, secrets }: OfLogstore,
): Promise<void> {
  const url = urlOf(objects, NAME, 'http');
  const call = callOf(context, { url, user: 'plumbline', password: secrets.logstorePlumbline });
  await waitFor(async () => await prepare(call), {
    what: `the store of log lines of ${context.instance} (${url}) to take its index template "${TEMPLATE}"`,
    deadlineMs: PREPARED_DEADLINE_MS,
    intervalMs: 500,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} -n ${OBSERVABILITY} logs ${NAME}-0 -c ${NAME}`,
  });
}

async function prepare(call: Call): Promise<true> {
  const put = await call('PUT', `/_index_template/${TEMPLATE}`, JSON.stringify(INDEX_TEMPLATE));
  if (put.status !== 200) throw new Error(`template: ${String(put.status)} ${put.text.slice(0, 300)}`);
  const listed = await call('GET', '/_cat/indices/logs-*?format=json&h=index');
  if (listed.status !== 200)
    throw new Error(`indices: ${String(listed.status)} ${listed.text.slice(0, 300)}`);
  const names = (JSON.parse(listed.text) as { index: string }[]).map(({ index }) => index);
  for (const name of outdated(names, Date.now())) await call('DELETE', `/${name}`);
  return true;
}
