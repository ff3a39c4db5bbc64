/**
 * A stand-in for Grafana 12. It has a part of the HTTP API (https://grafana.com/docs/grafana/v12.0/developers/http_api/): health, data
 * sources and their health, dashboards by UID, their list, /api/ds/query; and a page for a browser. It caches nothing: every request queries its one
 * data source, a real Prometheus. Dashboards are public, as with `auth.anonymous`; data sources need the token of a service account.
 */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dashboardPage, notFoundPage } from './page.ts';
import { messageOf, type PanelQuery, type PrometheusSource, type Window } from './source.ts';

const VERSION = '12.0.0-stub';
const MAX_BODY_BYTES = 256 * 1024;

/** The fields of a dashboard's model that are used here; all others are passed on unchanged. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly [field: string]: unknown;
}

export interface GrafanaOptions {
  readonly token: string;
  readonly source: PrometheusSource;
  readonly dashboards: readonly Dashboard[];
}

interface Answer {
  readonly status: number;
  /** A string is sent as HTML, anything else as JSON. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const json = (status: number, body: object): Answer => ({ status, body });
const failure = (status: number, message: string): Answer => json(status, { message, traceID: '' });

/** The slug that Grafana makes of a title. */
export function slugOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}

export class GrafanaStub {
  readonly #options: GrafanaOptions;

  constructor(options: GrafanaOptions) {
    this.#options = options;
  }

  async answer(request: IncomingMessage): Promise<Answer> {
    const { pathname, search } = new URL(request.url ?? '/', 'http://grafana');
    const asked = `${request.method ?? ''} ${pathname}`;
    if (asked === 'POST /api/ds/query') return await this.#query(request);
    const own = this.#listed(asked);
    if (own !== undefined) return own;
    const [, page, slug] = /^GET \/d\/([^/]+)(?:\/([^/]+))?$/.exec(asked) ?? [];
    if (page !== undefined) return this.#page(decodeURIComponent(page), slug, search);
    const [, model] = /^GET \/api\/dashboards\/uid\/([^/]+)$/.exec(asked) ?? [];
    if (model !== undefined) return this.#dashboard(decodeURIComponent(model));
    const sources = /^GET \/api\/datasources(?:\/uid\/([^/]+)\/health)?$/.exec(asked);
    return sources === null ? failure(404, 'Not found') : await this.#dataSources(sources[1], request);
  }

  #listed(asked: string): Answer | undefined {
    if (asked === 'GET /api/health')
      return json(200, { database: 'ok', version: VERSION, commit: 'plumbline' });
    if (asked !== 'GET /api/search') return undefined;
    return json(
      200,
      this.#options.dashboards.map(({ uid, title }) => ({ uid, title, type: 'dash-db' })),
    );
  }

  #found(uid: string): Dashboard | undefined {
    return this.#options.dashboards.find((one) => one.uid === uid);
  }

  #dashboard(uid: string): Answer {
    const dashboard = this.#found(uid);
    if (dashboard === undefined) return failure(404, 'Dashboard not found');
    const slug = slugOf(dashboard.title);
    return json(200, { meta: { slug, url: `/d/${uid}/${slug}`, provisioned: true }, dashboard });
  }

  /** The page of a dashboard. Its address contains the slug of the title; an address without it is redirected. */
  #page(uid: string, slug: string | undefined, search: string): Answer {
    const dashboard = this.#found(uid);
    if (dashboard === undefined) return { status: 404, body: notFoundPage() };
    const named = slugOf(dashboard.title);
    if (slug === named) return { status: 200, body: dashboardPage(dashboard.title) };
    return {
      status: 302,
      body: '',
      headers: { location: `/d/${encodeURIComponent(uid)}/${named}${search}` },
    };
  }

  /** The list of data sources, or the health of one. */
  async #dataSources(asked: string | undefined, request: IncomingMessage): Promise<Answer> {
    const { source, token } = this.#options;
    if (!isToken(request.headers.authorization, token)) return failure(401, 'Unauthorized');
    const { uid, name, type } = source;
    if (asked === undefined)
      return json(200, [
        { id: 1, orgId: 1, uid, name, type, access: 'proxy', isDefault: true, readOnly: true },
      ]);
    if (decodeURIComponent(asked) !== uid) return failure(404, 'Data source not found');
    const health = await source.health();
    return json(health.status === 'OK' ? 200 : 400, health);
  }

  /** As in Grafana without `datasourceQueryMultiStatus`, one failed query makes the status 400; the results of the others are included. */
  async #query(request: IncomingMessage): Promise<Answer> {
    const { source } = this.#options;
    const asked = queriesOf(await readJson(request));
    if (asked === undefined) return failure(400, 'bad request data');
    const { queries, window } = asked;
    if (queries.some(({ uid }) => uid !== source.uid)) return failure(404, 'data source not found');
    const results = await Promise.all(
      queries.map(async ({ query }) => {
        const result = await source.query(query, window).then(
          (frames) => ({ status: 200, frames }),
          (error: unknown) => ({ status: 500, error: messageOf(error), frames: [] }),
        );
        return [query.refId, result] as const;
      }),
    );
    const failed = results.some(([, { status }]) => status !== 200);
    return json(failed ? 400 : 200, { results: Object.fromEntries(results) });
  }
}

function isToken(header: string | undefined, token: string): boolean {
  const [given, wanted] = [Buffer.from(header ?? ''), Buffer.from(`Bearer ${token}`)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return undefined;
  }
}

interface Asked {
  readonly queries: readonly { readonly uid: unknown; readonly query: PanelQuery }[];
  readonly window: Window;
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

/** The queries in a request body; undefined if the body is not valid for the API. */
function queriesOf(body: unknown): Asked | undefined {
  if (!isObject(body) || !Array.isArray(body.queries) || body.queries.length === 0) return undefined;
  const nowMs = Date.now();
  const [fromMs, toMs] = [timeOf(body.from, nowMs), timeOf(body.to, nowMs)];
  const queries = (body.queries as unknown[]).map(queryOf);
  if (fromMs === undefined || toMs === undefined || fromMs >= toMs) return undefined;
  if (queries.includes(undefined)) return undefined;
  return { queries: queries as Asked['queries'], window: { fromMs, toMs } };
}

function queryOf(given: unknown): Asked['queries'][number] | undefined {
  if (!isObject(given) || typeof given.expr !== 'string') return undefined;
  const { refId = 'A', expr, instant, datasource } = given;
  if (typeof refId !== 'string') return undefined;
  return {
    uid: isObject(datasource) ? datasource.uid : undefined,
    query: { refId, expr, instant: instant === true },
  };
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `now`, `now-15m`, or ms since 1970. */
function timeOf(given: unknown, nowMs: number): number | undefined {
  if (typeof given !== 'string') return undefined;
  const [, count, unit = ''] = /^now(?:-(\d+)([smhd]))?$/.exec(given) ?? [];
  if (given === 'now') return nowMs;
  if (count !== undefined) return nowMs - Number(count) * (UNITS_MS[unit] ?? 0);
  return /^\d+$/.test(given) ? Number(given) : undefined;
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  const html = typeof body === 'string';
  response.writeHead(status, {
    'content-type': html ? 'text/html; charset=utf-8' : 'application/json',
    'cache-control': 'no-store',
    'x-plumbline-stub': 'grafana',
    ...headers,
  });
  response.end(html ? body : JSON.stringify(body));
}

/** The stand-in's server, not listening yet. */
export function grafanaServer(stub: GrafanaStub): Server {
  return createServer((request, response) => {
    stub.answer(request).then(
      (answer) => {
        send(response, answer);
      },
      () => {
        response.destroy();
      },
    );
  });
}
