/** Stores records in Elasticsearch through its bulk API. A record counts as shipped only when the store has acknowledged it. */
import { plainly, type LogRecord } from './record.ts';

export interface StoreOptions {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/** Result of sending a batch. */
export interface Outcome {
  /** Records that must be sent again; empty if all are stored or refused. */
  readonly again: readonly LogRecord[];
  readonly stored: number;
  /** Number of records that the store will never accept. */
  readonly refused: number;
}

const ANSWER_MS = 30_000;

interface Sorted {
  readonly again: LogRecord[];
  readonly refused: LogRecord[];
  readonly stored: number;
}

interface Item {
  readonly index?: { readonly status: number; readonly error?: unknown };
}

export class LogStore {
  readonly #options: StoreOptions;
  readonly #authorization: string;
  /** Why the last record was refused, for the shipper's own log. */
  lastRefusal = '';

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#authorization = `Basic ${Buffer.from(`${options.user}:${options.password}`).toString('base64')}`;
  }

  /** Whether the index template exists: an index that is created before it has the wrong fields. */
  async prepared(): Promise<boolean> {
    const answer = await this.#call('/_index_template/logs');
    return answer.status === 200;
  }

  /**
   * Sends a batch. Records that the index refuses are sent once more without their fields.
   * @throws when the store does not answer, or refuses the whole request
   */
  async send(records: readonly LogRecord[]): Promise<Outcome> {
    const first = await this.#bulk(records);
    if (first.refused.length === 0) return { again: first.again, stored: first.stored, refused: 0 };
    const second = await this.#bulk(first.refused.map(plainly));
    return {
      again: [...first.again, ...second.again],
      stored: first.stored + second.stored,
      refused: second.refused.length,
    };
  }

  async #bulk(records: readonly LogRecord[]): Promise<Sorted> {
    const body = records
      .map(({ id, index, document }) => {
        const action = JSON.stringify({ index: { _index: index, _id: id } });
        return `${action}\n${JSON.stringify(document)}\n`;
      })
      .join('');
    const answer = await this.#call('/_bulk?filter_path=errors,items.*.status,items.*.error.reason', body);
    if (answer.status !== 200)
      throw new Error(`status ${String(answer.status)}: ${answer.text.slice(0, 200)}`);
    const { errors, items } = JSON.parse(answer.text) as { errors: boolean; items: Item[] };
    return errors ? this.#sort(records, items) : { again: [], refused: [], stored: records.length };
  }

  /** Sorts the records of a batch: stored, to be sent again, or refused. */
  #sort(records: readonly LogRecord[], items: readonly Item[]): Sorted {
    const [again, refused]: [LogRecord[], LogRecord[]] = [[], []];
    for (const [at, record] of records.entries()) {
      const { status = 500, error } = items[at]?.index ?? {};
      if (status < 300) continue;
      if (status === 429 || status >= 500) again.push(record);
      else {
        this.lastRefusal = JSON.stringify(error).slice(0, 300);
        refused.push(record);
      }
    }
    return { again, refused, stored: records.length - again.length - refused.length };
  }

  async #call(path: string, body?: string): Promise<{ status: number; text: string }> {
    const answer = await fetch(`${this.#options.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: this.#authorization, 'content-type': 'application/x-ndjson' },
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(body !== undefined && { body }),
    });
    return { status: answer.status, text: await answer.text() };
  }
}
