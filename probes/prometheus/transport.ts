import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import type { RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { PrometheusError } from './errors.ts';

export interface PrometheusAddress {
  /** Base of the HTTP API without `/api/v1`, e.g. `http://prometheus:9090`. */
  url: string;
  /** Connect here instead of resolving the name in the URL: `host:port`. */
  address?: string | undefined;
  /** Authorities to trust, PEM; the system's when left out. */
  ca?: string | undefined;
  account?: { user: string; password: string } | undefined;
  token?: string | undefined;
}

/** Connections that are kept between queries: a month takes hundreds of queries, each of which would need a TLS handshake. */
export function connectionsTo(url: string): PlainAgent {
  return url.startsWith('https:') ? new TlsAgent({ keepAlive: true }) : new PlainAgent({ keepAlive: true });
}

export interface Bounds {
  deadlineMs: number;
  /** The result of `connectionsTo` for this address. */
  agent: PlainAgent;
  signal?: AbortSignal | undefined;
  /** More bytes than this in one answer are refused. */
  maxBytes: number;
}

/**
 * Sends a form by POST, which unlike a URL can hold a query of any length; without a form, a GET.
 * @returns status and text for every HTTP status
 * @throws PrometheusError unreachable, or too many samples where the answer is larger than `maxBytes`
 */
export function ask(
  to: PrometheusAddress,
  question: { path: string; form?: URLSearchParams },
  bounds: Bounds,
): Promise<{ status: number; text: string }> {
  const url = new URL(`${to.url.replace(/\/+$/, '')}${question.path}`);
  const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(bounds.deadlineMs)));
  const signal = bounds.signal === undefined ? timeout : AbortSignal.any([timeout, bounds.signal]);
  const body = question.form?.toString();
  const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      if (cause instanceof PrometheusError) reject(cause);
      else if (bounds.signal?.aborted === true) reject(abortError(bounds.signal));
      else
        reject(
          new PrometheusError(`${url.href}: ${whyNot(cause, timeout, bounds)}`, {
            reason: 'unreachable',
            cause,
          }),
        );
    };
    const sent = send(url, { ...optionsFor(to, url, body), agent: bounds.agent, signal }, (answer) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      answer.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes <= bounds.maxBytes) parts.push(part);
        else sent.destroy(tooLarge(url, bounds.maxBytes));
      });
      answer.on('error', fail);
      answer.on('aborted', () => fail(new Error('the connection broke before the end of the answer')));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
      );
    });
    sent.on('error', fail);
    sent.end(body);
  });
}

function optionsFor(
  { address, ca, account, token }: PrometheusAddress,
  url: URL,
  body: string | undefined,
): RequestOptions & { ca?: string; servername?: string } {
  const connectTo = address === undefined ? {} : splitAddress(address);
  return {
    ...connectTo,
    method: body === undefined ? 'GET' : 'POST',
    ...(ca !== undefined && { ca }),
    ...(url.protocol === 'https:' && address !== undefined && { servername: url.hostname }),
    ...(account !== undefined && { auth: `${account.user}:${account.password}` }),
    headers: {
      accept: 'application/json',
      host: url.host,
      ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
  };
}

function splitAddress(address: string): { hostname: string; port: number } {
  const at = address.lastIndexOf(':');
  return { hostname: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
}

function whyNot(cause: unknown, timeout: AbortSignal, { deadlineMs }: Bounds): string {
  if (timeout.aborted) return `no answer within ${deadlineMs} ms`;
  const { code, message } = cause as NodeJS.ErrnoException;
  return code === undefined ? message : `${code}: ${message}`;
}

function tooLarge(url: URL, maxBytes: number): PrometheusError {
  return new PrometheusError(
    `${url.href}: the answer is larger than ${maxBytes} bytes; ask for a shorter window, a longer step or fewer series`,
    { reason: 'too many samples' },
  );
}

/** An abort by the caller keeps its reason: Prometheus did not fail. */
function abortError(signal: AbortSignal): Error {
  const { reason } = signal as { reason: unknown };
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
