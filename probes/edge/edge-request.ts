import { readFile } from 'node:fs/promises';
import { askOnce } from '../../host/http.ts';
import type { HttpAnswer, HttpQuestion, HttpServer } from '../../host/http.ts';
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
  /** Only the headers that hops are declared to leave, and the one that names the pod, in lower case. */
  headers: Record<string, string>;
  authorized: boolean;
  tlsError: string;
  /** The certificate is not accepted, so that the request was sent without the credentials. */
  withheld?: true;
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
 * One request that changes nothing. A certificate that a client would refuse does not stop it: it is reported beside the hops, and that server is
 * shown no credentials.
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
  const started = performance.now();
  try {
    const { answer, identity, sent, withheld } = await asked(
      { url: url.origin, address: edge.address, ca: how.ca },
      { ...rest, path: `${basePathOf(url)}${path}`, headers },
      how,
    );
    const { tls, ...reply } = answer;
    const { servedBy } = application;
    const left = [...edge.hops.map(({ header }) => header), ...(servedBy === undefined ? [] : [servedBy])];
    const names = [...new Set(left.map((name) => name.toLowerCase()))];
    const { ok, why } = heard({ contract, identity }, request, { values, sent, reply });
    return {
      status: reply.status,
      ok,
      why,
      correlationIdSeen:
        typeof contract.follow === 'object' ? echoOf(reply.headers, contract.follow.echo) : '',
      headers: Object.fromEntries(names.map((name) => [name, headerOf(reply.headers, name) ?? ''])),
      authorized: tls?.authorized ?? false,
      tlsError: tls?.error ?? 'not a TLS connection',
      ...(withheld && { withheld: true as const }),
      ms: performance.now() - started,
    };
  } catch (cause) {
    const where = edge.address ?? url.host;
    throw new Error(`no answer from ${where} within ${how.timeoutMs} ms: ${errorText(cause)}`, { cause });
  }
}

interface Asked {
  answer: HttpAnswer;
  identity: Identity;
  /** Headers by which that is recognised. */
  sent: Record<string, string>;
  withheld: boolean;
}

/** Asks as the identity if the server's certificate is accepted, else as nobody: a stranger must get no credentials. */
async function asked(server: HttpServer, question: HttpQuestion, how: EdgeLook): Promise<Asked> {
  const { identity = NOBODY, client, timeoutMs, signal } = how;
  const sent = identity.headers();
  const endMs = performance.now() + timeoutMs;
  const asNobody = async (withheld: boolean): Promise<Asked> => {
    const bounds = { deadlineMs: endMs - performance.now(), signal };
    const answer = await askOnce({ ...server, anyCertificate: true }, question, bounds);
    return { answer, identity: NOBODY, sent: {}, withheld };
  };
  if (Object.keys(sent).length === 0 && client === undefined) return asNobody(false);
  try {
    const shown = { ...question, headers: { ...question.headers, ...sent } };
    const answer = await askOnce({ ...server, client }, shown, { deadlineMs: timeoutMs, signal });
    return { answer, identity, sent, withheld: false };
  } catch (cause) {
    const other = await asNobody(true).catch(() => null);
    if (other?.answer.tls?.authorized !== false) throw cause; // it was not the certificate
    return other;
  }
}

function lookOf({ follow, proof, canaries, requests }: Application): {
  contract: Contract;
  request: ContractRequest;
  prefix: string;
} {
  return { contract: { follow, proof }, request: requests.look, prefix: canaries.prefix };
}
