/** Tenders that wait to be handed to the AI service, as the table of tenders has them. */
import type { Pool } from 'pg';

export interface OpenTender {
  readonly id: string;
  readonly title: string;
  readonly mark: string | undefined;
  /** Of the request that brought it. */
  readonly traceparent: string | undefined;
}

/** A tender that was offered this long ago without a confirmation is offered again. Longer than its pod needs to write one down. */
const AGAIN_AFTER_S = 10;
const MOST_AT_ONCE = 50;

interface Row {
  id: string;
  title: string;
  mark: string | null;
  traceparent: string | null;
}

export class Outbox {
  readonly #primary: Pool;

  constructor(primary: Pool) {
    this.#primary = primary;
  }

  /** Writes down that RabbitMQ has confirmed them. */
  async handedOver(ids: readonly string[]): Promise<void> {
    await this.#primary.query('UPDATE tenders SET handed_over_at = now() WHERE id = ANY($1::bigint[])', [
      ids,
    ]);
  }

  /** Takes some that nobody has confirmed; no other pod takes them before the same time has passed again. */
  async takeOpen(): Promise<OpenTender[]> {
    const { rows } = await this.#primary.query<Row>(
      `UPDATE tenders SET offered_at = now() WHERE id IN (
         SELECT id FROM tenders
         WHERE status = 'accepted' AND handed_over_at IS NULL AND offered_at < now() - $1 * interval '1 second'
         ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)
       RETURNING id::text, title, mark, traceparent`,
      [AGAIN_AFTER_S, MOST_AT_ONCE],
    );
    return rows.map(({ id, title, mark, traceparent }) => ({
      id,
      title,
      mark: mark ?? undefined,
      traceparent: traceparent ?? undefined,
    }));
  }
}
