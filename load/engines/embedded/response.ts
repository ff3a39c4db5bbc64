import { STATUS_CODES } from 'node:http';
import type { Exchange } from './http/exchange.ts';
import { refusing } from './refusing.ts';

/** RFC 9110, section 6.4.1: these have no body, not even an empty one. */
const BODILESS = new Set([204, 304]);

/** A response as scripts see it. Fields that most scripts never read are computed on access. */
export class Response {
  readonly #exchange: Pick<Exchange, 'head' | 'answer' | 'error' | 'sendMs' | 'endMs'>;
  readonly status: number;
  readonly url: string;
  #headers: Record<string, string> | null = null;

  constructor(exchange: Pick<Exchange, 'head' | 'answer' | 'error' | 'sendMs' | 'endMs'>, url: string) {
    this.#exchange = exchange;
    this.status = exchange.head?.status ?? 0;
    this.url = url;
  }

  get status_text(): string {
    const { head } = this.#exchange;
    if (head === null) return '';
    const reason = head.statusText === '' ? (STATUS_CODES[head.status] ?? '') : head.statusText;
    return `${head.status} ${reason}`.trim();
  }

  get error(): string {
    return this.#exchange.error?.message ?? '';
  }

  get error_code(): number {
    const { error } = this.#exchange;
    if (error !== null) return error.errorCode;
    return this.status >= 400 ? 1000 + this.status : 0;
  }

  get body(): string | null {
    const { answer } = this.#exchange;
    return answer === null || BODILESS.has(this.status) ? null : answer.toString('utf8');
  }

  /** Names as Go writes them, and so k6: `Content-Type`. */
  get headers(): Record<string, string> {
    if (this.#headers !== null) return this.#headers;
    const found: Record<string, string> = {};
    for (const [name, value] of this.#exchange.head?.fields ?? []) {
      const key = name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
      found[key] = found[key] === undefined ? value : `${found[key]}, ${value}`;
    }
    return (this.#headers = found);
  }

  get timings(): object {
    const { sendMs, endMs } = this.#exchange;
    return Object.setPrototypeOf(
      { duration: sendMs === 0 ? 0 : endMs - sendMs },
      refusing('timings'),
    ) as object;
  }

  /** @throws Error when there is no body, or it is not JSON */
  json(): unknown {
    return JSON.parse(this.body ?? '');
  }
}

Object.setPrototypeOf(Response.prototype, refusing('Response'));
