import { request } from 'node:http';
import type { Bounds } from './store/store-driver.ts';
import { errorText } from '../reports/record/error-text.ts';

const MAX_ANSWER_BYTES = 4 << 20;

export interface HttpQuestion {
  /** Who is asked, for errors: `Patroni of postgres-0`. */
  who: string;
  host: string;
  port: number;
  path: string;
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Sent as JSON. */
  body?: unknown;
  /** Basic authentication. */
  account?: { user: string; password: string } | undefined;
}

/** The server answered with a status that is none of those expected. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';
  readonly status: number;
  constructor(message: string, status: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/**
 * One request, one answer, one connection: pooled ones to a member that is gone would be asked first.
 * @returns the status and the text, whatever the status is
 * @throws Error that says who was asked, for what, and why there was no answer
 */
export function askHttp(question: HttpQuestion, bounds: Bounds): Promise<{ status: number; text: string }> {
  const { host, port, path, method = 'GET', account } = question;
  const signals = [
    AbortSignal.timeout(Math.max(1, Math.ceil(bounds.deadlineMs))),
    ...(bounds.signal ? [bounds.signal] : []),
  ];
  const body = question.body === undefined ? undefined : JSON.stringify(question.body);
  return new Promise((resolve, reject) => {
    const fail = (what: unknown): void => {
      const said = errorText(what);
      reject(new Error(`${whereOf(question)}: ${said}`, { cause: what }));
    };
    const asked = request(
      {
        ...{ host, port, path, method },
        agent: false,
        signal: AbortSignal.any(signals),
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
        ...(account && { auth: `${account.user}:${account.password}` }),
      },
      (answer) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        answer.on('data', (part: Buffer) => {
          bytes += part.length;
          if (bytes > MAX_ANSWER_BYTES) asked.destroy(new Error(`more than ${MAX_ANSWER_BYTES} bytes`));
          else parts.push(part);
        });
        answer.on('error', fail);
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
        );
      },
    );
    asked.on('error', fail);
    asked.end(body);
  });
}

/** The JSON of an answer. @throws HttpRefusal with the status and the beginning of what is not JSON */
export function jsonOf(question: HttpQuestion, { status, text }: { status: number; text: string }): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const said = `${whereOf(question)}: status ${status}, not JSON: ${text.slice(0, 100)}`;
    throw new HttpRefusal(said, status, { cause });
  }
}

export function whereOf({ who, host, port, path }: HttpQuestion): string {
  return `${who} (http://${host}:${port}${path})`;
}
