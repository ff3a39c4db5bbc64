/** Forwards requests with its hop header, and retries those that the upstream cannot have executed. */
import {
  Agent,
  createServer,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { pipeline } from 'node:stream/promises';
import { readBody } from '../../../service-kit/request.ts';
import { callerOf, type Telemetry } from '../../../service-kit/telemetry.ts';
import type { Span } from '../../../service-kit/tracer.ts';

export interface Counters {
  requests: number;
  failures: number;
}

export interface Upstream {
  readonly host: string;
  readonly port: number;
}

/** Requests whose path begins with `prefix` go to `upstream`, with `becomes` in place of the prefix. */
export interface Route {
  readonly prefix: string;
  readonly becomes: string;
  readonly upstream: Upstream;
}

export interface ProxyOptions {
  readonly podName: string;
  readonly telemetry: Telemetry;
}

/** Headers that belong to one connection and are never passed on (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
const ATTEMPTS = 3;
const TIMEOUT_MS = 10_000;
const MAX_BODY_BYTES = 1 << 20;
/**
 * Maximum number of connections to the upstream: nginx' default (`worker_connections`). With few connections, one pod that does not answer
 * would occupy all of them, and every later request would wait in memory.
 */
const MOST_CONNECTIONS = 1024;
/** nginx' status for a request that the client closed, to distinguish it from a failure of the upstream. */
const CLIENT_CLOSED = 499;

interface Attempt {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly body: Buffer;
  readonly upstream: Upstream;
  /** Path and query for the upstream. */
  readonly path: string;
  readonly agent: Agent;
  readonly podName: string;
  /** Trace context for the upstream. */
  readonly traceparent: string;
}

/** The route of a path: the one with the longest matching prefix. */
export function routeOf(routes: readonly Route[], path: string): Route | undefined {
  return routes
    .filter(({ prefix }) => path.startsWith(prefix))
    .sort((one, other) => other.prefix.length - one.prefix.length)[0];
}

export function passedOn(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)));
}

/** One attempt; resolves with the upstream's answer. */
async function send(attempt: Attempt, remember: (request: ClientRequest) => void): Promise<IncomingMessage> {
  const { incoming, outgoing, body, upstream, agent, podName, path, traceparent } = attempt;
  return await new Promise((resolve, reject) => {
    const request = httpRequest({
      host: upstream.host,
      port: upstream.port,
      method: incoming.method,
      path,
      agent,
      timeout: TIMEOUT_MS,
      headers: {
        ...passedOn(incoming.headers),
        traceparent,
        'x-plumbline-hop-gateway': podName,
        'content-length': body.length,
      },
    });
    remember(request);
    // When the client closes the request, the connection to the upstream is freed at once.
    const clientClosed = (): void => void request.destroy(new Error('the client closed the request'));
    outgoing.once('close', clientClosed);
    request.on('response', (answer) => {
      outgoing.off('close', clientClosed);
      resolve(answer);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer in ${String(TIMEOUT_MS)} ms`)));
    request.on('error', (error) => {
      outgoing.off('close', clientClosed);
      reject(error);
    });
    request.end(body);
  });
}

/**
 * Whether a failed attempt may be repeated: there was no connection to the upstream, or the upstream closed a reused
 * connection, or the method only reads. The same rule as nginx' `proxy_next_upstream` without `non_idempotent`.
 */
export function mayRepeat(
  error: NodeJS.ErrnoException,
  method: string | undefined,
  reusedSocket: boolean,
): boolean {
  if (error.code === 'ECONNREFUSED' || error.code === 'EHOSTUNREACH' || error.code === 'ENETUNREACH')
    return true;
  if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') return false;
  return method === 'GET' || method === 'HEAD' || reusedSocket;
}

async function sendWithRepeats(attempt: Attempt): Promise<IncomingMessage> {
  for (let number = 1; ; number += 1) {
    let request: ClientRequest | undefined;
    try {
      return await send(attempt, (made) => {
        request = made;
      });
    } catch (error) {
      const repeat = mayRepeat(
        error as NodeJS.ErrnoException,
        attempt.incoming.method,
        request?.reusedSocket === true,
      );
      if (!repeat || number === ATTEMPTS) throw error;
    }
  }
}

function refuse(outgoing: ServerResponse, status: number, message: string): void {
  outgoing.writeHead(status, { 'content-type': 'application/json' });
  outgoing.end(JSON.stringify({ message }));
}

/** Forwards one request and returns the answer to the client. @returns the status that the client got */
async function pass(
  attempt: Omit<Attempt, 'traceparent'>,
  counters: Counters,
  { log, tracer }: Telemetry,
): Promise<number> {
  let answer: IncomingMessage;
  try {
    const { method = 'GET' } = attempt.incoming;
    answer = await tracer.within(
      method,
      { kind: 'client', attributes: { 'server.address': attempt.upstream.host } },
      (span) => sendWithRepeats({ ...attempt, traceparent: span.traceparent() }),
    );
  } catch (error) {
    if (attempt.outgoing.destroyed) return CLIENT_CLOSED;
    counters.failures += 1;
    log('error', 'the upstream did not answer', { path: attempt.path, cause: String(error) });
    refuse(attempt.outgoing, 502, 'An invalid response was received from the upstream server');
    return 502;
  }
  const status = answer.statusCode ?? 502;
  attempt.outgoing.writeHead(status, { ...passedOn(answer.headers), via: '1.1 kong-stand-in' });
  await pipeline(answer, attempt.outgoing);
  return status;
}

/** The path for the name of a span: numbers, which are ids, are replaced. */
function templateOf(path: string): string {
  return (path.split('?', 1)[0] ?? path).replaceAll(/\/\d+(?=\/|$)/g, '/:id');
}

/** The proxy's server, not listening yet, and its counters. */
export function proxyServer(
  routes: readonly Route[],
  { podName, telemetry }: ProxyOptions,
): { server: Server; counters: Counters } {
  // A connection leads to one pod: with one for each request, a pod that is added gets its share at once, as from Kong, which asks pods in turn.
  const agent = new Agent({ keepAlive: false, maxSockets: MOST_CONNECTIONS, timeout: 30_000 });
  const counters: Counters = { requests: 0, failures: 0 };
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<number> => {
    const url = incoming.url ?? '/';
    const route = routeOf(routes, url);
    const body = await readBody(incoming, MAX_BODY_BYTES);
    if (body === undefined || route === undefined) {
      const [status, why]: [number, string] =
        body === undefined ? [413, 'Payload too large'] : [404, NO_ROUTE];
      refuse(outgoing, status, why);
      return status;
    }
    const { upstream } = route;
    const path = `${route.becomes}${url.slice(route.prefix.length)}`;
    const attempt = { incoming, outgoing, body, upstream, path, agent, podName };
    return await pass(attempt, counters, telemetry);
  };
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    counters.requests += 1;
    const { method = 'GET', url = '/' } = incoming;
    const attributes = { 'http.request.method': method, 'url.path': url };
    const name = `${method} ${templateOf(url)}`;
    await telemetry.tracer.within(
      name,
      { kind: 'server', attributes, ...callerOf(incoming.headers) },
      async (span) => {
        const began = performance.now();
        note(telemetry, span, {
          name,
          status: await answer(incoming, outgoing),
          ms: performance.now() - began,
        });
      },
    );
  };
  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => {
      outgoing.destroy();
    });
  });
  server.keepAliveTimeout = 120_000; // longer than Traefik keeps its connections (90 s)
  return { server, counters };
}

/** The text of Kong's own answer. */
const NO_ROUTE = 'no Route matched with those values';

/** Logs a request only if it is traced or failed: under load there are hundreds of requests a second. */
function note(
  { log }: Telemetry,
  span: Span,
  { name, status, ms }: { name: string; status: number; ms: number },
): void {
  span.set({ 'http.response.status_code': status });
  if (status >= 500) span.failAs(String(status));
  if (span.sampled || status >= 500)
    log(status >= 500 ? 'error' : 'info', `${name} ${String(status)}`, { status, ms: Math.round(ms) });
}
