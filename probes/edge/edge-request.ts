import { readFile } from 'node:fs/promises';
import { askOnce } from '../../host/http.ts';
import type { Trust } from '../declaring.ts';
import type { Edge } from './declaration.ts';
import { errorText } from '../../reports/record/error-text.ts';

export interface EdgeAnswer {
  status: number;
  correlationIdSeen: string;
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
    return {
      unavailable: 'trust: "cluster" is only for endpoints of Kubernetes; the edge needs "system" or a file',
    };
  try {
    return { pem: await readFile(trust.file, 'utf8') };
  } catch (error) {
    return { unavailable: `${trust.file}: ${errorText(error)}` };
  }
}

/**
 * One GET with the correlation id. A certificate that a client would refuse does not stop it: it is reported beside the hops.
 * @throws Error when there is no answer
 */
export async function throughTheEdge(
  edge: Edge,
  how: { correlationId: string; ca: string | undefined; timeoutMs: number; signal: AbortSignal },
): Promise<EdgeAnswer> {
  const { origin, host, pathname, search } = new URL(edge.url);
  const started = performance.now();
  try {
    const { status, headers, tls } = await askOnce(
      { url: origin, address: edge.address, ca: how.ca, anyCertificate: true },
      { path: pathname + search, headers: { [edge.correlationHeader]: how.correlationId } },
      { deadlineMs: how.timeoutMs, signal: how.signal },
    );
    const header = (name: string): string => String(headers[name.toLowerCase()] ?? '');
    const names = [...new Set(edge.hops.map((hop) => hop.header.toLowerCase()))];
    return {
      status,
      correlationIdSeen: header(edge.correlationHeader),
      headers: Object.fromEntries(names.map((name) => [name, header(name)])),
      authorized: tls?.authorized ?? false,
      tlsError: tls?.error ?? 'not a TLS connection',
      ms: performance.now() - started,
    };
  } catch (cause) {
    const where = edge.address ?? host;
    throw new Error(`no answer from ${where} within ${how.timeoutMs} ms: ${errorText(cause)}`, { cause });
  }
}
