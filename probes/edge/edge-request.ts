import { readFile } from 'node:fs/promises';
import { askOnce } from '../../host/http.ts';
import { noCertificateIn } from '../../host/pem.ts';
import type { Trust } from '../declaring.ts';
import { basePathOf, heard, valuesFor } from '../application/asking.ts';
import { echoOf, filled, headerOf } from '../application/contract.ts';
import type { Contract, ContractRequest } from '../application/contract.ts';
import { NOBODY } from '../application/identity.ts';
import type { Identity } from '../application/identity.ts';
import type { ClientCertificate } from './endpoint.ts';
import type { Application } from '../application/declaration.ts';
import type { Edge } from './declaration.ts';
import { errorText } from '../../reports/record/error-text.ts';

export interface EdgeAnswer {
  status: number;
  /** An answer as the contract has it. */
  ok: boolean;
  /** What it is instead. */
  why: string;
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
    const pem = await readFile(trust.file, 'utf8');
    const why = noCertificateIn(pem);
    return why === null ? { pem } : { unavailable: `${trust.file}: ${why}` };
  } catch (error) {
    return { unavailable: `${trust.file}: ${errorText(error)}` };
  }
}

/** How the request is sent. */
export interface EdgeLook {
  correlationId: string;
  ca: string | undefined;
  timeoutMs: number;
  signal: AbortSignal;
  /** Who asks; nobody when left out. */
  identity?: Identity;
  client?: ClientCertificate;
}

/**
 * One request that changes nothing. A certificate that a client would refuse does not stop it: it is reported beside the hops.
 * @throws Error when there is no answer
 */
export async function throughTheEdge(
  { edge, application }: { edge: Edge; application: Application },
  how: EdgeLook,
): Promise<EdgeAnswer> {
  const url = new URL(edge.url);
  const { contract, request, prefix } = lookOf(application);
  const values = valuesFor({ prefix }, { correlationId: how.correlationId, n: 0 });
  const { path, headers, ...rest } = filled(contract, request, values);
  const { identity = NOBODY } = how;
  const shown = identity.headers();
  const started = performance.now();
  try {
    const { tls, ...reply } = await askOnce(
      { url: url.origin, address: edge.address, ca: how.ca, client: how.client, anyCertificate: true },
      { ...rest, path: `${basePathOf(url)}${path}`, headers: { ...headers, ...shown } },
      { deadlineMs: how.timeoutMs, signal: how.signal },
    );
    const names = [...new Set(edge.hops.map((hop) => hop.header.toLowerCase()))];
    const { ok, why } = heard({ contract, identity }, request, { values, sent: shown, reply });
    return {
      status: reply.status,
      ok,
      why,
      correlationIdSeen:
        typeof contract.follow === 'object' ? echoOf(reply.headers, contract.follow.echo) : '',
      headers: Object.fromEntries(names.map((name) => [name, headerOf(reply.headers, name) ?? ''])),
      authorized: tls?.authorized ?? false,
      tlsError: tls?.error ?? 'not a TLS connection',
      ms: performance.now() - started,
    };
  } catch (cause) {
    const where = edge.address ?? url.host;
    throw new Error(`no answer from ${where} within ${how.timeoutMs} ms: ${errorText(cause)}`, { cause });
  }
}

function lookOf({ follow, proof, canaries, requests }: Application): {
  contract: Contract;
  request: ContractRequest;
  prefix: string;
} {
  return { contract: { follow, proof }, request: requests.look, prefix: canaries.prefix };
}
