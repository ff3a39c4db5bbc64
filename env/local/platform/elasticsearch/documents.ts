/** The platform's own index in Elasticsearch: paragraphs of earlier tenders with the vectors by which they are found. */
import { waitFor } from '../../../../host/wait.ts';
import { urlOf } from '../applied.ts';
import type { PlatformContext } from '../context.ts';
import type { Applied } from '../part.ts';
import { callOf, type Call } from './call.ts';

/** What was applied, with the password of the application's own account. */
export type OfElasticsearch = Applied<'elasticsearchOwner'>;

export const DOCUMENTS_INDEX = 'tender-documents';
const DOCUMENTS = 300;
const DIMENSIONS = 16;
const GREEN_DEADLINE_MS = 90_000;

const INDEX = {
  settings: { number_of_shards: 1, number_of_replicas: 2 },
  mappings: {
    dynamic: 'strict',
    properties: {
      title: { type: 'text' },
      section: { type: 'keyword' },
      vector: { type: 'dense_vector', dims: DIMENSIONS, index: true, similarity: 'cosine' },
    },
  },
};

/**
 * Makes the index and its documents where they are missing, as the application's own account, and waits until the cluster is green.
 * @throws DeadlineError with what was seen last
 */
export async function ensureDocuments(
  context: PlatformContext,
  { objects, secrets }: OfElasticsearch,
): Promise<void> {
  const url = urlOf(objects, 'elasticsearch', 'http');
  const call = callOf(context, { url, user: 'tender', password: secrets.elasticsearchOwner });
  await waitFor(
    async () => {
      await ensureIndex(call);
      const { status, text } = await call('GET', '/_cluster/health?wait_for_status=green&timeout=5s');
      if (status !== 200) throw new Error(`health: ${String(status)} ${text.slice(0, 300)}`);
      return true;
    },
    {
      what: `Elasticsearch of ${context.instance} to be green with its index ${DOCUMENTS_INDEX}`,
      deadlineMs: GREEN_DEADLINE_MS,
      intervalMs: 500,
      signal: context.signal,
      next: `kubectl --kubeconfig ${context.kubeconfig} -n tender logs elasticsearch-0 -c elasticsearch`,
    },
  );
}

async function ensureIndex(call: Call): Promise<void> {
  const count = await call('GET', `/${DOCUMENTS_INDEX}/_count`);
  if (count.status === 200 && (JSON.parse(count.text) as { count: number }).count >= DOCUMENTS) return;
  if (count.status === 404) {
    const made = await call('PUT', `/${DOCUMENTS_INDEX}`, JSON.stringify(INDEX));
    if (made.status !== 200) throw new Error(`index: ${String(made.status)} ${made.text.slice(0, 300)}`);
  }
  const filled = await call('POST', `/${DOCUMENTS_INDEX}/_bulk?refresh=true`, documents());
  const failed = filled.status !== 200 || (JSON.parse(filled.text) as { errors: boolean }).errors;
  if (failed) throw new Error(`documents: ${String(filled.status)} ${filled.text.slice(0, 300)}`);
}

/** Fixed ids and made-up vectors, the same each time, so that filling again changes nothing. */
function documents(): string {
  const lines = Array.from({ length: DOCUMENTS }, (_, i) => {
    const vector = Array.from({ length: DIMENSIONS }, (__, d) => Math.sin((i + 1) * (d + 1) * 0.37));
    const document = { title: `Paragraph ${String(i)}`, section: `section-${String(i % 7)}`, vector };
    return `${JSON.stringify({ index: { _id: String(i) } })}\n${JSON.stringify(document)}\n`;
  });
  return lines.join('');
}
