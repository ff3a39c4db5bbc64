/** Pages of the server of dashboards, asked in place of a browser: the account stays in this process. */
import { HttpClient } from '../../../host/http.ts';
import type { BytesAnswer, HttpQuestion } from '../../../host/http.ts';
import type { Params, Result } from '../../../suites/harness/protocol.ts';
import { timeoutMsOf } from '../../plan/environment-parts.ts';
import { RequestError } from '../../../suites/harness/request-error.ts';
import { addressOf } from './sources.ts';
import type { SourcesOf } from './sources.ts';

/** The scripts of Grafana 12 have up to 8 MB each. */
const MAX_BYTES = 32 << 20;
const REDIRECTS = 5;

/** What is sent on, beside what Grafana's own headers say of a query. */
const SENT = /^(?:accept|content-type|x-(?:datasource|ds|grafana|plugin|query|dashboard|panel)-[a-z-]+)$/;
/** The questions of Grafana's panels that are no GET: /api/ds/query, and /apis/query.grafana.app/… since 12. They change nothing. */
const QUERIES =
  /^(?:\/[^/]+)*\/(?:api\/ds\/query|apis\/(?:query|datasource|[a-z0-9-]+\.datasource)\.grafana\.app\/.*\/query)$/;
/**
 * Reads that plugins of data sources send by POST themselves: of the API of Prometheus, and searches of Elasticsearch; through
 * /api/datasources/proxy/… up to Grafana 8. Ids and uids are whole: an encoded slash could lead elsewhere.
 */
const SOURCE_READS =
  /^(?:\/[^/]+)*\/api\/datasources\/(?:(?:uid\/)?[^/%]+\/resources|proxy\/(?:uid\/)?[^/%]+)\/(?:api\/v1\/(?:query|query_range|query_exemplars|series|labels)|_msearch)$/;
/** Other questions to data sources may be more than reads. */
const SOURCES = /\/api\/datasources\/|[/.]datasource\.grafana\.app\//;
/** What is not sent on is answered so: usage, live connections and preferences are nothing that a dashboard shows. */
const NOT_SENT = 204;

/** @throws RequestError for a URL of another server; HttpError when there is no whole answer; the reason of the signal */
export async function askPage(
  of: SourcesOf,
  { url, method, headers, body }: Params<'telemetry.page'>,
  signal: AbortSignal,
): Promise<Result<'telemetry.page'>> {
  const declared = of.environment.telemetry?.dashboards;
  if (declared === undefined) throw new RequestError('the environment declares no dashboards', 'refused');
  const { token, user, trust = 'system' } = declared;
  if (token === undefined && user === undefined && trust === 'system') return null;
  const { origin } = new URL(declared.url);
  if (new URL(url).origin !== origin)
    throw new RequestError(`${url} is not of ${origin}, whose account is declared`, 'refused');
  if (!isRead(method, new URL(url))) return notSent(method, url);
  const sent = Object.fromEntries(Object.entries(headers).filter(([name]) => SENT.test(name)));
  const client = new HttpClient({ ...(await addressOf(of, declared)), url: origin }, { once: true });
  const bounds = { deadlineMs: timeoutMsOf(of.environment, 'telemetryQuery'), signal, maxBytes: MAX_BYTES };
  const asked = { method, headers: sent, ...(body !== undefined && { body }) };
  try {
    const ask = (question: HttpQuestion): Promise<BytesAnswer> => client.askBytes(question, bounds);
    return await followed({ first: new URL(url), method }, (path) => ask({ ...asked, path }));
  } finally {
    client.close();
  }
}

function isRead(method: string, { pathname }: URL): boolean {
  if (method === 'POST') return QUERIES.test(pathname) || SOURCE_READS.test(pathname);
  return method === 'GET' || method === 'HEAD';
}

function notSent(
  method: string,
  url: string,
  withheld = method === 'POST' && SOURCES.test(new URL(url).pathname),
): Result<'telemetry.page'> {
  return { status: NOT_SENT, url, headers: {}, base64: '', ...(withheld && { withheld }) };
}

/**
 * Follows redirects within the server, of a POST only to what may be asked so; one to another server is the answer. A question of a panel that is
 * redirected elsewhere, such as to a login page, was not answered.
 */
async function followed(
  { first, method }: { first: URL; method: string },
  ask: (path: string) => Promise<BytesAnswer>,
): Promise<Result<'telemetry.page'>> {
  let at = first;
  for (let left = REDIRECTS; ; left--) {
    const answer = await ask(`${at.pathname}${at.search}`);
    const next = nextOf(answer, at);
    if (next === null) return pageOf(answer, at);
    const isWithin = next.origin === first.origin;
    const isFollowed = left > 0 && isWithin && isRead(method, next);
    if (!isFollowed && method === 'POST') return notSent(method, next.href, true);
    if (left === 0) return pageOf(answer, at);
    if (!isWithin) return { status: answer.status, url: next.href, headers: {}, base64: '' };
    at = next;
  }
}

/** Where an answer redirects to; null: nowhere. */
function nextOf({ status, headers: { location } }: BytesAnswer, at: URL): URL | null {
  return status >= 300 && status <= 399 && typeof location === 'string' ? new URL(location, at) : null;
}

function pageOf({ status, headers, bytes }: BytesAnswer, at: URL): Result<'telemetry.page'> {
  const { 'content-type': type } = headers;
  return {
    status,
    url: at.href,
    base64: bytes.toString('base64'),
    headers: typeof type === 'string' ? { 'content-type': type } : {},
  };
}
