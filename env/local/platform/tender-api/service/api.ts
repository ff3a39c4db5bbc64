/** HTTP of the reference backend: /tenders, /healthz, /readyz, /metrics. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
import { readJson } from '../../service-kit/request.ts';
import { callerOf, telemetryOf, type Telemetry } from '../../service-kit/telemetry.ts';
import type { Span } from '../../service-kit/tracer.ts';
import type { Handover } from './handover.ts';
import type { TenderStore } from './store.ts';

/** Sources of the answers. */
export interface Sources {
  readonly store: Pick<TenderStore, 'add' | 'find' | 'latest'>;
  /** Receives tenders once they are stored; absent without an AI service. */
  readonly handover?: Pick<Handover, 'accept'> | undefined;
}

export interface ApiOptions {
  readonly podName: string;
  /** Delay of every answer except those of probes and metrics, ms; for a negative control that makes the service slow. */
  readonly delayMs?: number;
  /** Every n-th answer, without probes and metrics, is a 503; 0: none. For a negative control that makes the service fail. */
  readonly failEvery?: number;
  /** Default: lines go to the standard output, spans are not exported. */
  readonly telemetry?: Telemetry;
}

export interface Api {
  readonly server: Server;
  /** Set when the service can answer; /readyz reports it. */
  readonly state: { ready: boolean };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** The route for metrics: not the path, which contains ids. */
  readonly route: string;
}

/** Hops in the order in which a request meets them; each sets a header of its own. */
const HOPS = ['haproxy', 'traefik', 'gateway'] as const;
const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz']);
const MAX_BODY_BYTES = 64 * 1024;
const MAX_TITLE_LENGTH = 500;
const LIMIT = { default: 20, max: 200 };

class BadRequest extends Error {}

async function titleIn(request: IncomingMessage): Promise<string> {
  const { title } = (await readJson(request, MAX_BODY_BYTES)) ?? {};
  if (typeof title === 'string' && title !== '' && title.length <= MAX_TITLE_LENGTH) return title;
  throw new BadRequest(
    `the body must be JSON of at most ${String(MAX_BODY_BYTES)} bytes, with a "title" of 1 to ${String(MAX_TITLE_LENGTH)} characters`,
  );
}

function limitOf(url: URL): number {
  const limit = Number(url.searchParams.get('limit') ?? LIMIT.default);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT.max)
    throw new BadRequest(`"limit" must be 1 to ${String(LIMIT.max)}`);
  return limit;
}

/** Accepts a tender: stores it, then hands it over. A failed handover does not fail the request. */
async function accept({ store, handover }: Sources, request: IncomingMessage, span: Span): Promise<Answer> {
  const title = await titleIn(request);
  const { mark } = span;
  const tender = await store.add(title, { mark, traceparent: span.traceparent() });
  await handover?.accept(tender, mark);
  return { status: 201, body: tender, route: '/tenders' };
}

async function tenders(
  sources: Sources,
  request: IncomingMessage,
  { url, span }: { url: URL; span: Span },
): Promise<Answer> {
  const { store } = sources;
  const route = '/tenders';
  if (request.method === 'POST') return await accept(sources, request, span);
  if (request.method === 'GET') return { status: 200, body: await store.latest(limitOf(url)), route };
  return { status: 405, body: { error: 'use GET or POST' }, route };
}

async function tender({ store }: Sources, id: string): Promise<Answer> {
  const route = '/tenders/:id';
  const found = await store.find(id);
  return found === undefined
    ? { status: 404, body: { error: 'no such tender' }, route }
    : { status: 200, body: found, route };
}

async function answer(sources: Sources, request: IncomingMessage, span: Span): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://tender-api');
  if (url.pathname === '/tenders') return await tenders(sources, request, { url, span });
  const id = /^\/tenders\/(\d{1,18})$/.exec(url.pathname)?.[1];
  if (id !== undefined) return await tender(sources, id);
  return { status: 404, body: { error: 'no such path' }, route: 'other' };
}

async function safeAnswer(
  sources: Sources,
  request: IncomingMessage,
  { span, log }: { span: Span; log: Telemetry['log'] },
): Promise<Answer> {
  try {
    return await answer(sources, request, span);
  } catch (error) {
    if (error instanceof BadRequest) return { status: 400, body: { error: error.message }, route: 'bad' };
    span.fail(error);
    log('error', 'the database did not answer', { path: request.url, cause: String(error) });
    return { status: 503, body: { error: 'the database did not answer' }, route: '/tenders' };
  }
}

/** Answers within the trace of the caller. Logs a request if it is traced or failed. */
async function traced(sources: Sources, request: IncomingMessage, telemetry: Telemetry): Promise<Answer> {
  const { method = 'GET', url = '/' } = request;
  const attributes = { 'http.request.method': method, 'url.path': url };
  const options = { kind: 'server', attributes, ...callerOf(request.headers) } as const;
  const { log, tracer } = telemetry;
  return await tracer.within(method, options, async (span) => {
    const began = performance.now();
    const result = await safeAnswer(sources, request, { span, log });
    const { route, status } = result;
    span.rename(`${method} ${route}`);
    span.set({ 'http.route': route, 'http.response.status_code': status });
    const ms = Math.round(performance.now() - began);
    if (span.sampled || status >= 500)
      log(status >= 500 ? 'error' : 'info', `${method} ${route} ${String(status)}`, { status, ms });
    return result;
  });
}

/** Answers kubelet's probes. They are neither traced nor logged, because they come several times a second. */
function probe(url: string | undefined, ready: boolean): Answer | undefined {
  const [path] = (url ?? '').split('?', 1);
  if (path === '/healthz') return { status: 200, body: { alive: true }, route: path };
  if (path === '/readyz') return { status: ready ? 200 : 503, body: { ready }, route: path };
  return undefined;
}

/** The hops that a request passed, from their headers, and this service. */
export function hopsOf(headers: IncomingMessage['headers']): string {
  return [...HOPS.filter((hop) => headers[`x-plumbline-hop-${hop}`] !== undefined), 'tender-api'].join(', ');
}

function send(
  response: ServerResponse,
  request: IncomingMessage,
  podName: string,
  { status, body }: Answer,
): void {
  const mark = request.headers['x-plumbline-mark'];
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-plumbline-hops': hopsOf(request.headers),
    'x-plumbline-served-by': podName,
    ...(typeof mark === 'string' && { 'x-plumbline-mark': mark }),
  });
  response.end(JSON.stringify(body));
}

/** Metrics of the telemetry itself. */
function countSpans(registry: Registry, telemetry: Telemetry): void {
  const { exported } = telemetry;
  const counter = (name: string, help: string, read: () => number): void => {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  counter('telemetry_spans_sent_total', 'Spans sent to the collector.', () => exported().sent);
  counter('telemetry_spans_dropped_total', 'Spans that could not be sent.', () => exported().dropped);
}

/** CPU that a request costs at least, µs: what slow cores need for one. The autoscaler then acts at the same load on quick ones. */
const LEAST_CPU_US = 400;

/** Spends what a request that began then has not cost yet. */
function spendRest(began: NodeJS.CpuUsage): void {
  const spentUs = (): number => {
    const { user, system } = process.threadCpuUsage(began);
    return user + system;
  };
  while (spentUs() < LEAST_CPU_US);
}

/** The server, not listening yet. */
export function createApi(sources: Sources, options: ApiOptions): Api {
  const { podName, delayMs = 0, failEvery = 0, telemetry = telemetryOf({ service: 'tender-api' }) } = options;
  let answered = 0;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  countSpans(registry, telemetry);
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request to its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  const state = { ready: false };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === '/metrics') {
      response.writeHead(200, { 'content-type': registry.contentType });
      response.end(await registry.metrics());
      return;
    }
    const began = process.threadCpuUsage();
    const end = durations.startTimer({ method: request.method ?? '' });
    const found = probe(request.url, state.ready) ?? (await traced(sources, request, telemetry));
    const fails = failEvery > 0 && !PROBES.has(found.route) && ++answered % failEvery === 0;
    const result = fails ? { ...found, status: 503 } : found;
    if (delayMs > 0 && !PROBES.has(result.route)) await delay(delayMs);
    if (!PROBES.has(result.route)) spendRest(began);
    end({ route: result.route, status: String(result.status) });
    send(response, request, podName, result);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  server.keepAliveTimeout = 65_000; // longer than the gateway keeps idle connections, so that the gateway never reuses one that was just closed
  return { server, state };
}
