/** Generation jobs in PostgreSQL: whoever asks any pod learns how a job stands, whatever became of the pod that took it. */
import type { Pool } from 'pg';

export interface Job {
  readonly id: string;
  readonly tender: string;
  readonly status: 'pending' | 'done' | 'failed';
  /** What was generated; absent until it is done. */
  readonly text?: string;
}

export const JOBS_TABLE = `CREATE TABLE IF NOT EXISTS generation_jobs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tender_id bigint NOT NULL REFERENCES tenders (id) ON DELETE CASCADE,
  status text NOT NULL DEFAULT 'pending',
  deadline timestamptz NOT NULL,
  result text
)`;

interface Row {
  id: string;
  tender: string;
  status: Job['status'];
  result: string | null;
}

/** A job past its deadline has failed, though no one is left to write it down: its pod may be gone. */
const COLUMNS = `id::text, tender_id::text AS tender, result,
  CASE WHEN status = 'pending' AND deadline < now() THEN 'failed' ELSE status END AS status`;

function toJob({ id, tender, status, result }: Row): Job {
  return { id, tender, status, ...(result !== null && { text: result }) };
}

export class JobStore {
  readonly #primary: Pool;
  readonly #replica: Pool;

  constructor(primary: Pool, replica: Pool) {
    this.#primary = primary;
    this.#replica = replica;
  }

  /** A new job for a tender that is there; undefined when it is not. */
  async start(tender: string, deadlineMs: number): Promise<Job | undefined> {
    const { rows } = await this.#primary.query<Row>(
      `INSERT INTO generation_jobs (tender_id, deadline)
       SELECT id, now() + $2 * interval '1 millisecond' FROM tenders WHERE id = $1 RETURNING ${COLUMNS}`,
      [tender, deadlineMs],
    );
    return rows[0] && toJob(rows[0]);
  }

  /** Writes down how a job ended; one that ended already, or whose deadline has passed, stays as it is. */
  async finish(id: string, end: { text: string } | 'failed'): Promise<void> {
    await this.#primary.query(
      `UPDATE generation_jobs SET status = $2, result = $3
       WHERE id = $1 AND status = 'pending' AND deadline >= now()`,
      end === 'failed' ? [id, 'failed', null] : [id, 'done', end.text],
    );
  }

  /** One job. A replica may be behind, so that what it lacks is asked of the primary too. */
  async find(id: string): Promise<Job | undefined> {
    const query = `SELECT ${COLUMNS} FROM generation_jobs WHERE id = $1`;
    const { rows } = await this.#replica.query<Row>(query, [id]);
    const [row] = rows.length > 0 ? rows : (await this.#primary.query<Row>(query, [id])).rows;
    return row && toJob(row);
  }
}
