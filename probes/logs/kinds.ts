import { elasticsearch } from './elasticsearch.ts';
import type { LogKind } from './kind.ts';
import { opensearch } from './opensearch.ts';

/** Every kind of store of logs, in the order of lists. */
export const LOG_KINDS: readonly LogKind[] = [elasticsearch, opensearch];
