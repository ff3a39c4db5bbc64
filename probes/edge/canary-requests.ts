import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpClient, HttpError } from '../../host/http.ts';
import type { HttpAnswer } from '../../host/http.ts';
import { errorCode } from '../../reports/record/error-text.ts';
import { httpErrorClass } from './connection.ts';
import type { HttpEndpoint } from './connection.ts';

/** How a canary request gets through the edge. */
export interface CanaryTarget {
  /** Scheme and name as clients type them. */
  url: URL;
  /** Where they connect to. */
  endpoint: HttpEndpoint;
  correlationHeader: string;
  method: string;
  path: string;
  /** `{correlationId}` stands for the correlation id; empty: no body. */
  body: string;
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
  /** A 2xx with the correlation id of this request. */
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
  const client = new HttpClient({ url: target.url.origin, address: `${host}:${port}`, ca: tls?.ca });
  const begunMs = performance.now();
  const under: Promise<void>[] = [];
  try {
    for (let n = 1; n <= load.count; n++) {
      const dueMs = begunMs + ((n - 1) * 1000) / load.perSecond;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await sleep(waitMs, undefined, { signal: load.signal });
      load.signal.throwIfAborted();
      under.push(one(target, load, { n, client }).then(answered));
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
  const traceId = randomBytes(16).toString('hex');
  const body = target.body.replaceAll('{correlationId}', correlationId);
  const headers = {
    'user-agent': 'plumbline',
    [target.correlationHeader]: correlationId,
    traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`,
    ...(body !== '' && { 'content-type': 'application/json' }),
  };
  const { method, path } = target;
  const question = { method, path, headers, body: body === '' ? undefined : body };
  const sentMs = Date.now();
  const became = await client.ask(question, load).then(
    (answer) => judged(answer, answer.headers[target.correlationHeader.toLowerCase()] === correlationId),
    (error: unknown) => ({ status: null, ok: false, detail: whyNot(error) }),
  );
  return { n, correlationId, traceId, sentMs, doneMs: Date.now(), ...became };
}

function judged({ status }: HttpAnswer, correlated: boolean): Pick<CanaryAnswer, 'status' | 'ok' | 'detail'> {
  const good = status >= 200 && status <= 299;
  const ok = good && correlated;
  return { status, ok, detail: ok ? '' : good ? 'correlation-id' : `status ${status}` };
}

function whyNot(error: unknown): string {
  return (error instanceof HttpError ? errorCode(error.cause) : null) ?? httpErrorClass(error);
}
