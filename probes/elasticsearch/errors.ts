import { errors } from '@elastic/elasticsearch';
import { errorCode, errorText, firstWords } from '../../reports/record/error-text.ts';

/** The server answered, but with an error. */
export class ElasticsearchRefusal extends Error {
  override readonly name = 'ElasticsearchRefusal';
  readonly status: number;
  /** Such as `index_not_found_exception`. */
  readonly type: string;

  constructor(where: string, status: number, body: unknown) {
    const { type, reason } = errorIn(body);
    super(`${where}: ${status} ${type}${reason === '' ? '' : `: ${reason.slice(0, 200)}`}`);
    this.status = status;
    this.type = type;
  }
}

/** `{error: {type, reason}}`, or what else an answer with an error may hold, as from a node that is about to leave or from a gate. */
function errorIn(body: unknown): { type: string; reason: string } {
  if (typeof body === 'string')
    return { type: 'not JSON', reason: body.replaceAll(/<[^>]*>|\s+/g, ' ').trim() };
  const { error } = (body ?? {}) as { error?: { type?: string; reason?: string } | string };
  if (typeof error === 'string') return { type: 'error', reason: error };
  return { type: error?.type ?? 'without a type', reason: error?.reason ?? '' };
}

/**
 * Answers that prove that a document was not indexed: the request was refused before it reached the shard. Elasticsearch itself
 * tries again when a primary's node goes, so that what may follow such a try (503 unavailable_shards_exception, 429 rejections,
 * 408 and every 5xx) proves nothing.
 */
const DEFINITE: readonly { status: number; type: RegExp; what: string }[] = [
  {
    status: 400,
    type: /^(?:document_parsing_exception|mapper_parsing_exception|strict_dynamic_mapping_exception|illegal_argument_exception)$/,
    what: 'the document or the request is not accepted',
  },
  { status: 401, type: /^/, what: 'the account was refused' },
  { status: 403, type: /^cluster_block_exception$/, what: 'the index is closed to writes' },
  { status: 404, type: /^index_not_found_exception$/, what: 'there is no such index' },
];

/** Besides: any error before the connection was ready, since the request had not left the client. */
export const DEFINITE_FAILURE_NAMES: readonly string[] = [
  'connect: any error before the request was sent',
  ...DEFINITE.map(({ status, type, what }) =>
    type.source === '^'
      ? `${status}: ${what}`
      : `${status} ${type.source.replaceAll(/[$^]|\(\?:|\)/g, '')}: ${what}`,
  ),
];

/** Whether the answer proves that nothing was written. */
export function isDefiniteFailure(error: unknown): boolean {
  if (!(error instanceof errors.ResponseError)) return false;
  const { type } = errorIn(error.body);
  return DEFINITE.some((one) => one.status === error.statusCode && one.type.test(type));
}

/** The member looked, and has no such document. A 404 that does not say so comes from a proxy. */
export function isMissing(error: unknown): boolean {
  if (!(error instanceof errors.ResponseError) || error.statusCode !== 404) return false;
  const body: unknown = error.body;
  return typeof body === 'object' && body !== null && 'found' in body && body.found === false;
}

/**
 * A short class for a history: status and type, errno, or the first words. Reasons of servers may hold data: left out. Never a number alone, which
 * in a history is what a read saw.
 */
export function errorClass(error: unknown): string {
  if (error instanceof errors.ResponseError) return `${error.statusCode ?? '?'} ${errorIn(error.body).type}`;
  if (error instanceof ElasticsearchRefusal) return `${error.status} ${error.type}`;
  const code = errorCode(error) ?? (error instanceof Error ? errorCode(error.cause) : null);
  // The transport adds both ends of the connection, which would make every error a class of its own.
  return code ?? firstWords(errorText(error).replace(/ - Local: .*$/s, ''));
}
