import { errorText } from '../../reports/record/error-text.ts';
import type { Bounds, StoreTarget } from '../store/store-driver.ts';
import { sqlState } from './errors.ts';
import { connectWithin, OF_PRIMARY, queryOnce } from './query.ts';

/** SQLSTATE of a write on a server in recovery. */
const READ_ONLY = '25006';

/**
 * Tries to make a table there, rolled back at once: a server that may only read refuses it before all else. A primary takes writes, whether or not this
 * account may make a table there.
 * @throws Error when nothing answers, or a replica ends it for another reason: then it is not known whether it would refuse
 */
export async function refusesWrites(
  at: { host: string; port: number },
  target: StoreTarget,
  bounds: Bounds,
): Promise<{ refused: boolean; detail: string }> {
  const client = await connectWithin({ ...target.connection, ...at }, bounds);
  try {
    const [row] = await client.query<{ replica: boolean; address: string | null }>(
      `${OF_PRIMARY} SELECT pg_is_in_recovery() AS replica, host(inet_server_addr()) AS address`,
    );
    const { replica = true, address } = row ?? {};
    const server = `${address ?? '?'} (${replica ? 'replica' : 'primary'})`;
    try {
      await client.query('BEGIN');
      await client.query('CREATE TABLE plumbline_must_be_refused (n int)');
      await client.query('ROLLBACK');
      return { refused: false, detail: `${server} took a write` };
    } catch (error) {
      const refused = sqlState(error) === READ_ONLY;
      if (!refused && replica) throw error;
      return { refused, detail: `${server}: ${errorText(error)}` };
    }
  } finally {
    client.destroy();
  }
}

/**
 * What the server there says: `transaction_read_only` is on in recovery, and no session can turn it off there (PostgreSQL's manual, "Hot Standby").
 * @throws Error when nothing answers
 */
export async function onlyReads(
  at: { host: string; port: number },
  target: StoreTarget,
  bounds: Bounds,
): Promise<{ refused: boolean; detail: string }> {
  const [row] = await queryOnce<{ replica: boolean; address: string | null; setting: string }>(
    { ...target.connection, ...at },
    `${OF_PRIMARY} SELECT pg_is_in_recovery() AS replica, host(inet_server_addr()) AS address, current_setting('transaction_read_only') AS setting`,
    bounds,
  );
  const { replica = false, address, setting = '?' } = row ?? {};
  const server = `${address ?? '?'} (${replica ? 'replica' : 'primary'})`;
  return {
    refused: replica && setting === 'on',
    detail: `${server} says transaction_read_only = ${setting}; no write was tried`,
  };
}
