import { randomBytes } from 'node:crypto';
import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { httpErrorClass } from './connection.ts';
import type { HttpEndpoint } from './connection.ts';

/** How a marked request gets through the edge. */
export interface MarkedTarget {
  /** Scheme and name as clients type them. */
  url: URL;
  /** Where they connect to. */
  endpoint: HttpEndpoint;
  markHeader: string;
  method: string;
  path: string;
  /** `{mark}` stands for the mark; empty: no body. */
  body: string;
}

export interface MarkedLoad {
  /** Beginning of every mark: the n-th request has `RUN/n`. */
  run: string;
  count: number;
  perSecond: number;
  /** For one answer, ms. */
  deadlineMs: number;
  signal: AbortSignal;
}

/** What became of one request. Times in wall clock ms, as logs and traces have them. */
export interface MarkedAnswer {
  n: number;
  mark: string;
  /** Of the trace that it belongs to: chosen here and handed on by `traceparent`. */
  traceId: string;
  sentMs: number;
  doneMs: number;
  /** null: no answer, so that nobody knows whether it was done. */
  status: number | null;
  /** A 2xx with the mark of this request. */
  ok: boolean;
  /** What else it was. */
  detail: string;
}

/**
 * Sends numbered requests at a fixed rate, open loop: a slow answer does not hold up the next. Each begins a trace (W3C Trace Context,
 * sampled). Resolves when every answer is there or given up.
 */
export async function sendMarked(
  target: MarkedTarget,
  load: MarkedLoad,
  answered: (answer: MarkedAnswer) => void,
): Promise<void> {
  const agent =
    target.endpoint.tls === null ? new PlainAgent({ keepAlive: true }) : new TlsAgent({ keepAlive: true });
  const begunMs = performance.now();
  const under: Promise<void>[] = [];
  try {
    for (let n = 1; n <= load.count; n++) {
      const dueMs = begunMs + ((n - 1) * 1000) / load.perSecond;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await sleep(waitMs, undefined, { signal: load.signal });
      load.signal.throwIfAborted();
      under.push(one(target, load, { n, agent }).then(answered));
    }
    await Promise.all(under);
  } finally {
    agent.destroy();
  }
}

/** Never rejects. */
function one(
  target: MarkedTarget,
  load: MarkedLoad,
  { n, agent }: { n: number; agent: PlainAgent },
): Promise<MarkedAnswer> {
  const mark = `${load.run}/${n}`;
  const traceId = randomBytes(16).toString('hex');
  const { url, method } = target;
  const { host, port, tls } = target.endpoint;
  const body = target.body.replaceAll('{mark}', mark);
  const send = tls === null ? plainRequest : tlsRequest;
  const sentMs = Date.now();
  const over = (of: Pick<MarkedAnswer, 'status' | 'ok' | 'detail'>): MarkedAnswer => ({
    ...{ n, mark, traceId, sentMs, doneMs: Date.now() },
    ...of,
  });
  return new Promise((resolve) => {
    const failed = (error: unknown): void =>
      resolve(over({ status: null, ok: false, detail: httpErrorClass(error) }));
    const sent = send(
      {
        ...{ host, port, method, path: target.path, agent },
        ...(tls !== null && { ca: tls.ca, servername: tls.serverName }),
        signal: AbortSignal.any([load.signal, AbortSignal.timeout(load.deadlineMs)]),
        headers: {
          host: url.host,
          'user-agent': 'plumbline',
          [target.markHeader]: mark,
          traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`,
          ...(body !== '' && {
            'content-type': 'application/json',
            'content-length': String(Buffer.byteLength(body)),
          }),
        },
      },
      (answer) => {
        const status = answer.statusCode ?? 0;
        const seen = answer.headers[target.markHeader.toLowerCase()];
        answer.once('error', failed);
        answer.once('end', () => {
          const good = status >= 200 && status <= 299;
          const ok = good && seen === mark;
          resolve(over({ status, ok, detail: ok ? '' : good ? 'mark' : `status ${status}` }));
        });
        answer.resume();
      },
    );
    sent.once('error', failed);
    sent.end(body === '' ? undefined : body);
  });
}
