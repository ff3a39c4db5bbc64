import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { TLSSocket } from 'node:tls';
import type { Trust } from '../declaring.ts';
import type { Edge } from './declaration.ts';
import { errorText } from '../../reports/record/error-text.ts';

export interface EdgeAnswer {
  status: number;
  markSeen: string;
  /** Only the headers that hops are declared to leave, in lower case. */
  headers: Record<string, string>;
  authorized: boolean;
  tlsError: string;
  ms: number;
}

/** The authorities that a client of the edge trusts. */
export async function trusted(trust: Trust): Promise<{ pem: string | undefined } | { unavailable: string }> {
  if (trust === 'system') return { pem: undefined };
  if (trust === 'cluster')
    return { unavailable: 'trust: cluster is for endpoints of Kubernetes; here it must be system or a file' };
  try {
    return { pem: await readFile(trust.file, 'utf8') };
  } catch (error) {
    return { unavailable: `${trust.file}: ${errorText(error)}` };
  }
}

/**
 * One GET with the mark. A certificate that a client would refuse does not stop it: it is reported beside the hops.
 * @throws Error when there is no answer
 */
export function throughTheEdge(
  edge: Edge,
  how: { mark: string; ca: string | undefined; timeoutMs: number; signal: AbortSignal },
): Promise<EdgeAnswer> {
  const url = new URL(edge.url);
  const [host, port] = addressOf(edge, url);
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host,
        port,
        path: url.pathname + url.search,
        headers: { host: url.host, [edge.markHeader]: how.mark },
        servername: /^[\d.:]+$/.test(url.hostname) ? '' : url.hostname,
        rejectUnauthorized: false,
        agent: false,
        ...(how.ca !== undefined && { ca: how.ca }),
        signal: AbortSignal.any([how.signal, AbortSignal.timeout(how.timeoutMs)]),
      },
      (answer) => {
        const tls = tlsOf(answer);
        answer.resume();
        answer.once('end', () =>
          resolve({
            ...read(edge, answer),
            ...tls,
            ms: performance.now() - started,
          }),
        );
        answer.once('error', reject);
      },
    );
    sent.once('error', (error) =>
      reject(new Error(`no answer from ${host}:${port} within ${how.timeoutMs} ms: ${error.message}`)),
    );
    sent.end();
  });
}

/** What a strict client would have made of the certificate; lost once the socket is closed. */
function tlsOf({ socket }: IncomingMessage): Pick<EdgeAnswer, 'authorized' | 'tlsError'> {
  if (!(socket instanceof TLSSocket)) return { authorized: false, tlsError: 'not a TLS connection' };
  // Node types this as an Error and sets null when there is none.
  const error = socket.authorizationError as Error | string | null;
  return { authorized: socket.authorized, tlsError: error === null ? '' : String(error) };
}

function addressOf(edge: Edge, url: URL): [string, number] {
  if (edge.address === undefined) return [url.hostname, Number(url.port || 443)];
  const cut = edge.address.lastIndexOf(':');
  return [edge.address.slice(0, cut).replace(/^\[|\]$/g, ''), Number(edge.address.slice(cut + 1))];
}

function read(edge: Edge, answer: IncomingMessage): Pick<EdgeAnswer, 'status' | 'markSeen' | 'headers'> {
  const header = (name: string): string => String(answer.headers[name.toLowerCase()] ?? '');
  const names = [...new Set(edge.hops.map((hop) => hop.header.toLowerCase()))];
  return {
    status: answer.statusCode ?? 0,
    markSeen: header(edge.markHeader),
    headers: Object.fromEntries(names.map((name) => [name, header(name)])),
  };
}
