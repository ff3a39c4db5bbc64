/** Generation jobs in PostgreSQL, so that every pod can report a job's status, even if the pod that accepted it is lost. */
import type { Pool } from 'pg';

export interface Job {
  readonly id: string;
  readonly tender: string;
  readonly status: 'pending' | 'done' | 'failed';
  /** The generated text; absent until the job is done. */
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

/** A pending job counts as failed after its deadline, because its pod may be lost and cannot record the failure. */
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

  /** A new job for a tender; undefined if the tender does not exist. */
  async start(tender: string, deadlineMs: number): Promise<Job | undefined> {
    const { rows } = await this.#primary.query<Row>(
      `INSERT INTO generation_jobs (tender_id, deadline)
       SELECT id, now() + $2 * interval '1 millisecond' FROM tenders WHERE id = $1 RETURNING ${COLUMNS}`,
      [tender, deadlineMs],
    );
    return rows[0] && toJob(rows[0]);
  }

  /** Records how a job ended. A job that has ended before, or whose deadline has passed, is not changed. */
  async finish(id: string, end: { text: string } | 'failed'): Promise<void> {
    await this.#primary.query(
      `UPDATE generation_jobs SET status = $2, result = $3
       WHERE id = $1 AND status = 'pending' AND deadline >= now()`,
      end === 'failed' ? [id, 'failed', null] : [id, 'done', end.text],
    );
  }

  /** One job. If the replica, which may lag, lacks it, the primary is queried. */
  async find(id: string): Promise<Job | undefined> {
    const query = `SELECT ${COLUMNS} FROM generation_jobs WHERE id = $1`;
    const { rows } = await this.#replica.query<Row>(query, [id]);
    const [row] = rows.length > 0 ? rows : (await this.#primary.query<Row>(query, [id])).rows;
    return row && toJob(row);
  }
}
