/** The outbox: tenders in the table that wait for their handover to the AI service. */
import type { Pool } from 'pg';

export interface OpenTender {
  readonly id: string;
  readonly title: string;
  readonly mark: string | undefined;
  /** Trace context of the request that created the tender. */
  readonly traceparent: string | undefined;
}

/** A tender is offered again this long after an offer without confirmation. Longer than a pod needs to record a confirmation. */
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

  /** Records that RabbitMQ has confirmed these tenders. */
  async handedOver(ids: readonly string[]): Promise<void> {
    await this.#primary.query('UPDATE tenders SET handed_over_at = now() WHERE id = ANY($1::bigint[])', [
      ids,
    ]);
  }

  /** Claims some unconfirmed tenders. No other pod claims them until AGAIN_AFTER_S has passed again. */
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
