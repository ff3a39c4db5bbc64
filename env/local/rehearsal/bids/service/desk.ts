/**
 * HTTP of the desk for bids, as a Spring Boot service has it: problems as application/problem+json (RFC 9457), what is created named by
 * `Location` alone, lists in `content`, and health and metrics on a port of their own under /actuator (Spring Boot 3.5).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { readJson } from '../../../platform/service-kit/request.ts';
import type { Drafts } from './drafts.ts';
import type { Log } from './log.ts';
import { Metrics, outcomeOf } from './metrics.ts';
import { traceOf } from './spans.ts';
import type { Spans, Trace } from './spans.ts';

export interface Desk {
  /** For clients. */
  readonly server: Server;
  /** For kubelet and Prometheus. */
  readonly management: Server;
  /** Set when it can answer; readiness reports it. */
  readonly state: { ready: boolean };
}

/** The drafts and where it says what it did. */
export interface Sources {
  readonly drafts: Pick<Drafts, 'add' | 'find' | 'newest' | 'remove'>;
  readonly log: Log;
  /** Labels of every metric. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Absent: nobody gathers spans. */
  readonly spans?: Pick<Spans, 'add'> | undefined;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Asked {
  readonly url: URL;
  readonly request: IncomingMessage;
  readonly reference: string;
  /** Ids for log lines. */
  readonly ids: Pick<Trace, 'traceId' | 'spanId'>;
}

type Act = (sources: Sources, asked: Asked) => Promise<Answer>;

const BASE = '/bids/v2/drafts';
const REFERENCE = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAX_BODY_BYTES = 64 * 1024;
const MAX_SUBJECT_LENGTH = 500;
const SIZE = { default: 20, max: 200 };

class BadRequest extends Error {}

function problem(status: number, title: string, detail: string): Answer {
  return {
    status,
    body: { type: 'about:blank', title, status, detail },
    headers: { 'content-type': 'application/problem+json' },
  };
}

const NO_DRAFT = problem(404, 'Not Found', 'There is no such draft.');

async function subjectIn(request: IncomingMessage): Promise<string> {
  const { subject } = (await readJson(request, MAX_BODY_BYTES)) ?? {};
  if (typeof subject === 'string' && subject !== '' && subject.length <= MAX_SUBJECT_LENGTH) return subject;
  throw new BadRequest(
    `The body must be JSON of at most ${String(MAX_BODY_BYTES)} bytes, with a "subject" of 1 to ${String(MAX_SUBJECT_LENGTH)} characters.`,
  );
}

function sizeIn({ searchParams }: URL): number {
  const size = Number(searchParams.get('size') ?? SIZE.default);
  if (!Number.isInteger(size) || size < 1 || size > SIZE.max)
    throw new BadRequest(`"size" must be 1 to ${String(SIZE.max)}.`);
  return size;
}

const list: Act = async ({ drafts }, { url }) => {
  const content = await drafts.newest({
    beginning: url.searchParams.get('subject') ?? '',
    size: sizeIn(url),
  });
  return { status: 200, body: { content, numberOfElements: content.length } };
};

const create: Act = async ({ drafts, log }, { request, ids }) => {
  const subject = await subjectIn(request);
  const reference = await drafts.add(subject);
  log('INFO', `draft ${reference} received`, ids);
  return { status: 202, headers: { location: `${BASE}/${reference}` } };
};

const read: Act = async ({ drafts }, { reference }) => {
  const found = await drafts.find(reference);
  return found === undefined ? NO_DRAFT : { status: 200, body: found };
};

const remove: Act = async ({ drafts, log }, { reference, ids }) => {
  const removed = await drafts.remove(reference);
  if (removed === undefined) return NO_DRAFT;
  log('INFO', `draft ${reference} removed`, { subject: removed.subject, ...ids });
  return { status: 204 };
};

interface Resource {
  readonly uri: string;
  readonly acts: Readonly<Record<string, Act>>;
  readonly reference: string;
}

function resourceOf({ pathname }: URL): Resource | undefined {
  if (pathname === BASE) return { uri: BASE, acts: { GET: list, POST: create }, reference: '' };
  const reference = pathname.startsWith(`${BASE}/`) ? pathname.slice(BASE.length + 1) : '';
  if (!REFERENCE.test(reference)) return undefined;
  return { uri: `${BASE}/{reference}`, acts: { GET: read, DELETE: remove }, reference };
}

async function answer(
  sources: Sources,
  request: IncomingMessage,
  ids: Asked['ids'],
): Promise<Answer & { uri: string }> {
  const url = new URL(request.url ?? '/', 'http://desk');
  const resource = resourceOf(url);
  if (resource === undefined)
    return { ...problem(404, 'Not Found', 'There is nothing here.'), uri: 'NOT_FOUND' };
  const { uri, acts, reference } = resource;
  const act = acts[request.method ?? ''];
  if (act === undefined)
    return { ...problem(405, 'Method Not Allowed', `Use ${Object.keys(acts).join(' or ')}.`), uri };
  try {
    return { ...(await act(sources, { url, request, reference, ids })), uri };
  } catch (error) {
    if (error instanceof BadRequest) return { ...problem(400, 'Bad Request', error.message), uri };
    const why = error instanceof Error ? error.message : String(error);
    sources.log('ERROR', `${request.method ?? ''} ${uri}: ${why}`, ids);
    return { ...problem(503, 'Service Unavailable', 'The database did not answer.'), uri };
  }
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, { ...(text !== '' && { 'content-type': 'application/json' }), ...headers });
  response.end(text);
}

/** What kubelet and Prometheus ask. */
async function manage(
  path: string,
  { metrics, ready }: { metrics: Metrics; ready: boolean },
  response: ServerResponse,
): Promise<void> {
  if (path === '/actuator/prometheus') {
    response.writeHead(200, { 'content-type': metrics.contentType });
    response.end(await metrics.text());
  } else if (path === '/actuator/health/liveness') send(response, { status: 200, body: { status: 'UP' } });
  else if (path === '/actuator/health/readiness')
    send(response, { status: ready ? 200 : 503, body: { status: ready ? 'UP' : 'OUT_OF_SERVICE' } });
  else send(response, problem(404, 'Not Found', 'There is nothing here.'));
}

/** The servers, not listening yet. */
export function createDesk(sources: Sources): Desk {
  const state = { ready: false };
  const metrics = new Metrics(sources.tags);
  const destroyed = (response: ServerResponse) => (error: unknown) => {
    response.destroy(error instanceof Error ? error : undefined);
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [beganAtMs, began] = [Date.now(), performance.now()];
    const trace = traceOf(request);
    const { traceId, spanId } = trace;
    const { uri, ...found } = await answer(sources, request, { traceId, spanId });
    const asked = { method: request.method ?? '', uri, status: found.status };
    const tookMs = performance.now() - began;
    metrics.answered(asked, tookMs / 1000);
    sources.spans?.add(trace, { ...asked, outcome: outcomeOf(found.status), beganAtMs, tookMs });
    send(response, found);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch(destroyed(response));
  });
  server.keepAliveTimeout = 65_000; // longer than the gateway keeps idle connections
  const management = createServer((request, response) => {
    manage(request.url ?? '', { metrics, ready: state.ready }, response).catch(destroyed(response));
  });
  return { server, management, state };
}
