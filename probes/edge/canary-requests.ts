import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { addressText, HttpClient, HttpError } from '../../host/http.ts';
import type { HttpAnswer } from '../../host/http.ts';
import { errorCode } from '../../reports/record/error-text.ts';
import { exchangeFor, heard, valuesFor } from '../application/asking.ts';
import type { ApplicationTarget } from '../application/asking.ts';
import type { ContractRequest } from '../application/contract.ts';
import { traceIdOf } from '../application/trace-ids.ts';
import { httpErrorClass } from './connection.ts';

/** How canary requests get through the edge, and what each of them is. */
export interface CanaryTarget extends ApplicationTarget {
  request: ContractRequest;
}

export interface CanaryLoad {
  /** Beginning of every correlation id: the n-th request has `RUN/n`. */
  run: string;
  count: number;
  perSecond: number;
  /** Deadline of one answer, ms. */
  deadlineMs: number;
  signal: AbortSignal;
}

/** Outcome of one request. Times in wall clock ms, as logs and traces have them. */
export interface CanaryAnswer {
  n: number;
  correlationId: string;
  /** Id of its trace: chosen here and handed on by `traceparent`. */
  traceId: string;
  sentMs: number;
  doneMs: number;
  /** null: no answer, so that it is unknown whether the request was carried out. */
  status: number | null;
  /** An answer as the contract has it. */
  ok: boolean;
  /** What it was instead. */
  detail: string;
}

/**
 * Sends numbered requests at a fixed rate, open loop: a slow answer does not hold up the next. Each begins a trace (W3C Trace Context,
 * sampled). Resolves when every answer is there or given up.
 */
export async function sendCanaryRequests(
  target: CanaryTarget,
  load: CanaryLoad,
  answered: (answer: CanaryAnswer) => void,
): Promise<void> {
  const { host, port, tls } = target.endpoint;
  const { cert, key } = tls ?? {};
  const client = new HttpClient({
    url: target.url.origin,
    address: addressText({ host, port }),
    ca: tls?.ca,
    ...(cert !== undefined && key !== undefined && { client: { certificate: cert, key } }),
  });
  const begunMs = performance.now();
  const under: Promise<void>[] = [];
  try {
    for (let n = 1; n <= load.count; n++) {
      const dueMs = begunMs + ((n - 1) * 1000) / load.perSecond;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await sleep(waitMs, undefined, { signal: load.signal });
      load.signal.throwIfAborted();
      const told = one(target, load, { n, client }).then(answered);
      // Waited for once all are sent; by then an answer may not have been recorded, as on a full disk.
      told.catch(() => undefined);
      under.push(told);
    }
    await Promise.all(under);
  } finally {
    client.close();
  }
}

/** Never rejects. */
async function one(
  target: CanaryTarget,
  load: CanaryLoad,
  { n, client }: { n: number; client: HttpClient },
): Promise<CanaryAnswer> {
  const correlationId = `${load.run}/${n}`;
  const traceId = traceIdOf(load.run, n);
  const values = valuesFor(target, { correlationId, n });
  const more = { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` };
  const question = exchangeFor(target, target.request, { values, more });
  const sentMs = Date.now();
  const became = await client.ask(question, load).then(
    (reply: HttpAnswer) => {
      const { ok, why } = heard(target, target.request, { values, sent: question.headers, reply });
      return { status: reply.status, ok, detail: why };
    },
    (error: unknown) => ({ status: null, ok: false, detail: whyNot(error) }),
  );
  return { n, correlationId, traceId, sentMs, doneMs: Date.now(), ...became };
}

function whyNot(error: unknown): string {
  return (error instanceof HttpError ? errorCode(error.cause) : null) ?? httpErrorClass(error);
}
