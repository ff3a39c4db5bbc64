/** Elasticsearch, and OpenSearch, which went its own way from Elasticsearch 7.10: how the two differ in what they are asked and answer. */
import { cannotAsk } from '../asking.ts';
import type { AskError } from '../asking.ts';

export type Product = 'elasticsearch' | 'opensearch';

interface Dialect {
  /** Its name for people. */
  name: string;
  /** The part of `_cluster/state` that names the elected master, which OpenSearch calls the cluster manager. */
  masterNode: string;
  masterTimeout: string;
  /** Opens a point in time on an index (POST), and closes it (DELETE). */
  pit: string;
  closing: (id: string) => Record<string, unknown>;
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

/** Holds an OpenSearch that is declared against an answer; Elastic's client does so for Elasticsearch. @throws as `otherProduct` */
export function proveOpenSearch(headers: Readonly<Record<string, unknown>>): void {
  if (headers[PRODUCT_HEADER] !== undefined) throw otherProduct('opensearch');
}

/** The error that the server is not the declared product, which every answer shows: the account may not be allowed to ask for it (`GET /`). */
export function otherProduct(declared: Product): AskError {
  const message =
    declared === 'elasticsearch'
      ? `an answer without the header ${PRODUCT_HEADER}, which every Elasticsearch sends; if it is an OpenSearch, declare \`product: opensearch\``
      : `expected an OpenSearch, as it is declared, seen the header ${PRODUCT_HEADER}; leave \`product\` out`;
  return cannotAsk('protocol', message);
}
