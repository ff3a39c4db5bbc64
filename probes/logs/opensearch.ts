import { searchKind } from './elasticsearch.ts';

/**
 * OpenSearch 3 (https://docs.opensearch.org/latest/api-reference/): its search and its field capabilities are those of Elasticsearch 7.10,
 * from which it was forked; what came later in either is not asked for.
 */
export const opensearch = searchKind({ kind: 'opensearch', label: 'OpenSearch', metWith: '3.9' });
