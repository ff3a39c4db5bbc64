/** Elasticsearch with the documents of the platform. */
import { TENDER, type PlatformContext } from '../context.ts';
import type { KubeObject } from '../objects.ts';
import { waitRollout } from '../rollout.ts';
import type { Secrets } from '../secrets.ts';
import { ensureDocuments } from './documents.ts';
import { serverObjects } from './server.ts';

/** Every object of the store. */
export function elasticsearchObjects(context: PlatformContext, secrets: Secrets): KubeObject[] {
  const users = ['plumbline', 'tender'];
  return serverObjects(context, secrets, { name: 'elasticsearch', namespace: TENDER, heap: '400m', users });
}

const READY_DEADLINE_MS = 240_000; // 25 s on an idle machine, a minute where every store starts at once

/**
 * Waits for every member, then for a green cluster that holds the platform's documents.
 * @throws DeadlineError with what the cluster said last
 */
export async function waitElasticsearch(context: PlatformContext): Promise<void> {
  await waitRollout(context, {
    namespace: TENDER,
    workload: 'statefulset/elasticsearch',
    deadlineMs: READY_DEADLINE_MS,
  });
  await ensureDocuments(context, `http://${context.addresses.block}.128.50:9200`);
}
