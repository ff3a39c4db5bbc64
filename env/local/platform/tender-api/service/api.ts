/** HTTP of the reference backend: /tenders, /jobs, /healthz, /readyz, /metrics. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import { Busy, LLM, type Generator } from './generator.ts';
import type { TenderStore } from './store.ts';

/** What answers come from. */
export interface Sources {
  readonly store: Pick<TenderStore, 'add' | 'find' | 'latest'>;
  readonly generator: Pick<Generator, 'start' | 'find'>;
}

export interface Api {
  readonly server: Server;
  /** Set when the service can answer; readiness follows it. */
  readonly state: { ready: boolean };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** The route as metrics name it: never the path itself, which holds ids. */
  readonly route: string;
}

/** Hops in the order in which a request meets them; each sets a header of its own. */
const HOPS = ['haproxy', 'traefik', 'gateway'] as const;
const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz']);
const MAX_BODY_BYTES = 64 * 1024;
const MAX_TITLE_LENGTH = 500;
const LIMIT = { default: 20, max: 200 };

class BadRequest extends Error {}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES)
      throw new BadRequest(`the body is larger than ${String(MAX_BODY_BYTES)} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function titleOf(body: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new BadRequest('the body is not JSON');
  }
  const title = typeof parsed === 'object' && parsed !== null && 'title' in parsed ? parsed.title : undefined;
  if (typeof title !== 'string' || title === '' || title.length > MAX_TITLE_LENGTH) {
    throw new BadRequest(`"title" must be a text of 1 to ${String(MAX_TITLE_LENGTH)} characters`);
  }
  return title;
}

function limitOf(url: URL): number {
  const limit = Number(url.searchParams.get('limit') ?? LIMIT.default);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT.max)
    throw new BadRequest(`"limit" must be 1 to ${String(LIMIT.max)}`);
  return limit;
}

async function tenders({ store }: Sources, request: IncomingMessage, url: URL): Promise<Answer> {
  const route = '/tenders';
  if (request.method === 'POST')
    return { status: 201, body: await store.add(titleOf(await readBody(request))), route };
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

/** Takes a generation job; its text comes later and is asked for under /jobs/ID. */
async function generate({ generator }: Sources, request: IncomingMessage, id: string): Promise<Answer> {
  const route = '/tenders/:id/generate';
  if (request.method !== 'POST') return { status: 405, body: { error: 'use POST' }, route };
  try {
    const started = await generator.start(id);
    return started === undefined
      ? { status: 404, body: { error: 'no such tender' }, route }
      : { status: 202, body: { ...started, llm: LLM }, route };
  } catch (error) {
    if (error instanceof Busy) return { status: 429, body: { error: error.message }, route };
    throw error;
  }
}

async function job({ generator }: Sources, id: string): Promise<Answer> {
  const route = '/jobs/:id';
  const found = await generator.find(id);
  return found === undefined
    ? { status: 404, body: { error: 'no such job' }, route }
    : { status: 200, body: { ...found, llm: LLM }, route };
}

/** Paths with an id in them; undefined for every other. */
function byId(sources: Sources, request: IncomingMessage, path: string): Promise<Answer> | undefined {
  const match = /^\/(?:tenders\/(?<tender>\d{1,18})(?<generate>\/generate)?|jobs\/(?<job>\d{1,18}))$/.exec(
    path,
  );
  const { tender: tenderId, generate: toGenerate, job: jobId } = match?.groups ?? {};
  if (jobId !== undefined) return job(sources, jobId);
  if (tenderId === undefined) return undefined;
  return toGenerate === undefined ? tender(sources, tenderId) : generate(sources, request, tenderId);
}

async function answer(sources: Sources, ready: boolean, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://tender-api');
  if (url.pathname === '/healthz') return { status: 200, body: { alive: true }, route: '/healthz' };
  if (url.pathname === '/readyz') return { status: ready ? 200 : 503, body: { ready }, route: '/readyz' };
  if (url.pathname === '/tenders') return await tenders(sources, request, url);
  const found = await byId(sources, request, url.pathname);
  return found ?? { status: 404, body: { error: 'no such path' }, route: 'other' };
}

async function safeAnswer(sources: Sources, ready: boolean, request: IncomingMessage): Promise<Answer> {
  try {
    return await answer(sources, ready, request);
  } catch (error) {
    if (error instanceof BadRequest) return { status: 400, body: { error: error.message }, route: 'bad' };
    console.log(JSON.stringify({ level: 'error', path: request.url, cause: String(error) }));
    return { status: 503, body: { error: 'the database did not answer' }, route: '/tenders' };
  }
}

/** The marks that the hops before this one left, and this one's own. */
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

/**
 * A server that answers from store and generator; it is not listening yet.
 * @param delayMs added to every answer but those of probes and metrics: by it a control makes the service slow
 */
export function createApi(sources: Sources, podName: string, delayMs = 0): Api {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
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
    const end = durations.startTimer({ method: request.method ?? '' });
    const result = await safeAnswer(sources, state.ready, request);
    if (delayMs > 0 && !PROBES.has(result.route)) await delay(delayMs);
    end({ route: result.route, status: String(result.status) });
    send(response, request, podName, result);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  server.keepAliveTimeout = 65_000; // longer than the gateway keeps its connections, so that it never reuses one that just closed
  return { server, state };
}
