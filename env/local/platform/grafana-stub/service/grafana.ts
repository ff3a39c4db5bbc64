/**
 * A stand-in for Grafana 12: the part of its HTTP API that the check of dashboards asks (https://grafana.com/docs/grafana/v12.0/developers/http_api/),
 * and a page for a browser. It caches nothing: every request queries its one data source, a real Prometheus. Dashboards are public, as with
 * `auth.anonymous`; data sources need the token of a service account.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { hasToken, readJson } from '../../service-kit/request.ts';
import type { Dashboard } from './dashboards.ts';
import { PAGE } from './page.ts';

export interface GrafanaOptions {
  readonly token: string;
  readonly prometheusUrl: string;
  readonly dashboards: readonly Dashboard[];
}

interface Answer {
  readonly status: number;
  /** A string is sent as HTML, anything else as JSON. */
  readonly body: unknown;
}

const MAX_BODY_BYTES = 256 * 1024;
const SOURCES = '/api/datasources';
const SOURCE = { uid: 'prometheus', name: 'Prometheus', type: 'prometheus' };

const NOT_FOUND: Answer = { status: 404, body: { message: 'Not found' } };

async function answer(options: GrafanaOptions, request: IncomingMessage): Promise<Answer> {
  const { pathname } = new URL(request.url ?? '/', 'http://grafana');
  if (pathname === '/api/health') return { status: 200, body: { database: 'ok', version: '12.0.0-stub' } };
  if (pathname === '/api/ds/query') return await answerQueries(options.prometheusUrl, request);
  if (pathname.startsWith(SOURCES))
    return hasToken(request, options.token)
      ? await answerOfSources(options.prometheusUrl, pathname)
      : { status: 401, body: { message: 'Unauthorized' } };
  const [, kind, uid] = /^\/(d|api\/dashboards\/uid)\/([^/]+)$/.exec(pathname) ?? [];
  const dashboard = options.dashboards.find((one) => one.uid === uid);
  if (dashboard === undefined) return NOT_FOUND;
  return { status: 200, body: kind === 'd' ? PAGE : { dashboard } };
}

/** The list of data sources, or the health of the one: it evaluates 1+1, as Grafana's plugin for Prometheus does. */
async function answerOfSources(prometheusUrl: string, pathname: string): Promise<Answer> {
  if (pathname === SOURCES) return { status: 200, body: [SOURCE] };
  if (pathname !== `${SOURCES}/uid/${SOURCE.uid}/health`) return NOT_FOUND;
  return await framesFor(prometheusUrl, '1+1').then(
    () => ({ status: 200, body: { status: 'OK', message: 'Successfully queried the Prometheus API.' } }),
    (error: unknown) => ({ status: 400, body: { status: 'ERROR', message: messageOf(error) } }),
  );
}

/** As in Grafana without `datasourceQueryMultiStatus`, one failed query makes the status 400; the results of the others are included. */
async function answerQueries(prometheusUrl: string, request: IncomingMessage): Promise<Answer> {
  const { queries } = (await readJson(request, MAX_BODY_BYTES)) ?? {};
  if (!Array.isArray(queries)) return { status: 400, body: { message: 'bad request data' } };
  const results = (queries as Dashboard['panels'][number]['targets']).map(async ({ refId, expr }) => {
    const result = await framesFor(prometheusUrl, expr).then(
      (frames) => ({ status: 200, frames }),
      (error: unknown) => ({ status: 500, error: messageOf(error), frames: [] }),
    );
    return [refId, result] as const;
  });
  const done = await Promise.all(results);
  const failed = done.some(([, { status }]) => status !== 200);
  return { status: failed ? 400 : 200, body: { results: Object.fromEntries(done) } };
}

interface PrometheusAnswer {
  readonly status?: string;
  readonly error?: string;
  readonly data?: {
    readonly result: readonly {
      metric: Record<string, string>;
      values: [seconds: number, value: string][];
    }[];
  };
}

const WINDOW_S = 15 * 60;
const STEP_S = 15;
/** Shorter than a browser's timeout for the whole page. */
const ANSWER_MS = 5_000;

/** Data frames of a query over the last minutes, one for each series. @throws Error with that of Prometheus or of the connection */
async function framesFor(prometheusUrl: string, query: string): Promise<object[]> {
  const end = Date.now() / 1000;
  const window = { start: String(end - WINDOW_S), end: String(end), step: String(STEP_S) };
  const parameters = new URLSearchParams({ query, ...window });
  const asked = await fetch(`${prometheusUrl}/api/v1/query_range?${parameters.toString()}`, {
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const { error, data } = (await asked.json()) as PrometheusAnswer;
  if (data === undefined) throw new Error(error ?? `Prometheus answers with status ${String(asked.status)}`);
  return data.result.map(({ metric, values }) => ({
    schema: {
      fields: [
        { name: 'Time', type: 'time' },
        { name: 'Value', type: 'number', labels: metric },
      ],
    },
    // JSON makes null of NaN and Inf, as Grafana does.
    data: { values: [values.map(([seconds]) => seconds * 1000), values.map(([, text]) => Number(text))] },
  }));
}

/** The text of an error with its cause: the message of fetch alone says only that it failed. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

/** The stand-in's server, not listening yet. */
export function grafanaServer(options: GrafanaOptions): Server {
  return createServer((request, response) => {
    answer(options, request).then(
      ({ status, body }) => {
        const isPage = typeof body === 'string';
        response.writeHead(status, { 'content-type': isPage ? 'text/html' : 'application/json' });
        response.end(isPage ? body : JSON.stringify(body));
      },
      () => {
        response.destroy();
      },
    );
  });
}
