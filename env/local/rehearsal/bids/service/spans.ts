/**
 * One span a request, sent to Zipkin as Micrometer Tracing 1.5 with its bridge to Brave does: names and tags of the observation `http.server.requests`
 * (Spring Framework 6.2 reference, "Observability Support"), JSON of Zipkin's API v2.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const SERVICE = 'bid-desk';
/** Spring Boot's `management.tracing.sampling.probability`: of the requests that come without a trace. */
const SAMPLED = 0.1;
/** Zipkin's reporter sends at least so often, and keeps no more spans than this. */
const EVERY_MS = 1000;
const MOST = 10_000;
const SEND_MS = 5000;

/** The ids under which a request is logged, and the span that the caller began (W3C Trace Context). */
export interface Trace {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId?: string;
  readonly sampled: boolean;
}

export interface Served {
  readonly method: string;
  readonly uri: string;
  readonly status: number;
  readonly outcome: string;
  readonly beganAtMs: number;
  readonly tookMs: number;
}

/** Goes on with the caller's trace, or begins one. */
export function traceOf({ headers: { traceparent } }: Pick<IncomingMessage, 'headers'>): Trace {
  const [, traceId, parentId, flags = '00'] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(String(traceparent)) ?? [];
  const spanId = randomBytes(8).toString('hex');
  if (traceId === undefined || parentId === undefined)
    return { traceId: randomBytes(16).toString('hex'), spanId, sampled: Math.random() < SAMPLED };
  return { traceId, spanId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Spans on their way to Zipkin. What cannot be sent is dropped, and said once until it can be again. */
export class Spans {
  readonly #url: string;
  readonly #say: (text: string) => void;
  readonly #timer: NodeJS.Timeout;
  #waiting: unknown[] = [];
  #failing = false;

  /** @param url of Zipkin, without a path */
  constructor(url: string, say: (text: string) => void) {
    this.#url = `${url}/api/v2/spans`;
    this.#say = say;
    this.#timer = setInterval(() => void this.flush(), EVERY_MS).unref();
  }

  add({ traceId, spanId, parentId, sampled }: Trace, served: Served): void {
    if (!sampled || this.#waiting.length >= MOST) return;
    const { method, uri, status, outcome, beganAtMs, tookMs } = served;
    this.#waiting.push({
      traceId,
      id: spanId,
      ...(parentId !== undefined && { parentId }),
      kind: 'SERVER',
      name: `http ${method.toLowerCase()} ${uri}`,
      timestamp: Math.round(beganAtMs * 1000),
      duration: Math.max(1, Math.round(tookMs * 1000)),
      localEndpoint: { serviceName: SERVICE },
      tags: { method, uri, status: String(status), outcome, exception: 'none' },
    });
  }

  async flush(): Promise<void> {
    const spans = this.#waiting;
    this.#waiting = [];
    if (spans.length === 0) return;
    try {
      const { ok, status } = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(spans),
        signal: AbortSignal.timeout(SEND_MS),
      });
      if (!ok) throw new Error(`Zipkin answered ${String(status)}`);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing)
        this.#say(
          `${String(spans.length)} spans are lost: ${error instanceof Error ? error.message : String(error)}`,
        );
      this.#failing = true;
    }
  }

  /** Sends what is there, and no more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }
}
