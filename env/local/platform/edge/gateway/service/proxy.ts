/** Passes requests on, leaves its mark on them, and tries again where the upstream cannot have seen them. */
import {
  Agent,
  createServer,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Upstream } from './health.ts';

export interface Counters {
  requests: number;
  failures: number;
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

interface Attempt {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly body: Buffer;
  readonly upstream: Upstream;
  readonly agent: Agent;
  readonly podName: string;
}

export function passedOn(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)));
}

async function readAll(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** One attempt; resolves with the upstream's answer. */
async function send(attempt: Attempt, remember: (request: ClientRequest) => void): Promise<IncomingMessage> {
  const { incoming, body, upstream, agent, podName } = attempt;
  return await new Promise((resolve, reject) => {
    const request = httpRequest({
      host: upstream.host,
      port: upstream.port,
      method: incoming.method,
      path: incoming.url,
      agent,
      timeout: TIMEOUT_MS,
      headers: {
        ...passedOn(incoming.headers),
        'x-plumbline-hop-gateway': podName,
        'content-length': body.length,
      },
    });
    remember(request);
    request.on('response', resolve);
    request.on('timeout', () => request.destroy(new Error(`no answer in ${String(TIMEOUT_MS)} ms`)));
    request.on('error', reject);
    request.end(body);
  });
}

/**
 * Whether a failed attempt may be repeated: the upstream never saw it (no connection), or closed a kept connection under
 * it, or reading twice does no harm. The same rule as nginx' `proxy_next_upstream` without `non_idempotent`.
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

async function pass(attempt: Attempt, counters: Counters): Promise<void> {
  try {
    const answer = await sendWithRepeats(attempt);
    attempt.outgoing.writeHead(answer.statusCode ?? 502, {
      ...passedOn(answer.headers),
      via: '1.1 kong-stand-in',
    });
    answer.pipe(attempt.outgoing);
    answer.on('error', () => attempt.outgoing.destroy());
  } catch (error) {
    counters.failures += 1;
    console.log(JSON.stringify({ level: 'error', path: attempt.incoming.url, cause: String(error) }));
    refuse(attempt.outgoing, 502, 'An invalid response was received from the upstream server');
  }
}

/** The proxy's server, not listening yet, and what it counts. */
export function proxyServer(upstream: Upstream, podName: string): { server: Server; counters: Counters } {
  const agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: 30_000 });
  const counters: Counters = { requests: 0, failures: 0 };
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    counters.requests += 1;
    const body = await readAll(incoming);
    if (body === undefined) refuse(outgoing, 413, 'Payload too large');
    else await pass({ incoming, outgoing, body, upstream, agent, podName }, counters);
  };
  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => {
      outgoing.destroy();
    });
  });
  server.keepAliveTimeout = 120_000; // longer than Traefik keeps its connections (90 s)
  return { server, counters };
}
