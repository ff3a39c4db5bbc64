/** Elasticsearch, and OpenSearch, which went its own way from Elasticsearch 7.10: how the two differ in what they are asked and answer. */
import { cannotAsk } from '../asking.ts';

export type Product = 'elasticsearch' | 'opensearch';

interface Dialect {
  /** Its name for people. */
  name: string;
  /** The part of `_cluster/state` that names the elected master, which OpenSearch calls the cluster manager. */
  masterNode: string;
  masterTimeout: string;
  /** Opens a point in time on an index (POST), and closes it (DELETE). */
  pit: string;
  closing: (id: string) => unknown;
  /** Sorts documents that tie, so that a page begins where the last one ended. Elasticsearch adds `_shard_doc` by itself. */
  tiebreak: readonly unknown[];
  /** Settings of the canary's index besides those of either. */
  indexSettings: Readonly<Record<string, string>>;
}

export const DIALECTS: Readonly<Record<Product, Dialect>> = {
  elasticsearch: {
    name: 'Elasticsearch',
    masterNode: 'master_node',
    masterTimeout: 'master_timeout',
    pit: '_pit',
    closing: (id) => ({ id }),
    tiebreak: [],
    indexSettings: {},
  },
  opensearch: {
    name: 'OpenSearch',
    masterNode: 'cluster_manager_node',
    masterTimeout: 'cluster_manager_timeout',
    pit: '_search/point_in_time',
    closing: (id) => ({ pit_id: [id] }),
    // Within a point in time the number of a document in its one shard stays; `_shard_doc` is newer than 2.19.
    tiebreak: [{ _doc: 'asc' }],
    // Replicas that copy segments (`SEGMENT`, which may be the cluster's default) show a document some time after it was made visible, so that
    // a read-back could not tell a late one from a lost one.
    indexSettings: { 'replication.type': 'DOCUMENT' },
  },
};

/** Every answer of an Elasticsearch has it (since 7.14); OpenSearch does not know it. */
const PRODUCT_HEADER = 'x-elastic-product';

/**
 * Holds the declared product against an answer. Its header is on every answer, so that it takes no further question, which the account may
 * not be allowed to ask (`GET /`).
 * @param where the server, as errors name it
 * @throws AskError (cannot be asked: protocol) where it is the other one
 */
export function proveProduct(
  declared: Product,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  where: string,
): void {
  const seen = headers[PRODUCT_HEADER];
  if ((seen !== undefined) === (declared === 'elasticsearch')) return;
  const message =
    declared === 'elasticsearch'
      ? `${where}: an answer without the header ${PRODUCT_HEADER}, which every Elasticsearch sends; if it is an OpenSearch, declare \`product: opensearch\``
      : `${where}: expected an OpenSearch, as it is declared, seen ${PRODUCT_HEADER}: ${String(seen)}; leave \`product\` out`;
  throw cannotAsk('protocol', message);
}
