import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pool } from 'pg';
import { JobStore } from './jobs.ts';

interface Query {
  text: string;
  values: unknown[];
}

/** A stub of a pool that returns these rows and records the queries; the integration tests use PostgreSQL. */
function pool(rows: unknown[]): { pool: Pool; asked: Query[] } {
  const asked: Query[] = [];
  const query = (text: string, values: unknown[]): Promise<{ rows: unknown[] }> => {
    asked.push({ text, values });
    return Promise.resolve({ rows });
  };
  return { pool: { query } as unknown as Pool, asked };
}

const ROW = { id: '3', tender: '1', status: 'pending', result: null };

test('should write to the primary and read from a replica, or from the primary if the replica lacks the job', async () => {
  const primary = pool([ROW]);
  const behind = pool([]);
  const store = new JobStore(primary.pool, behind.pool);
  assert.deepEqual(await store.start('1', 30_200), { id: '3', tender: '1', status: 'pending' });
  assert.deepEqual(primary.asked[0]?.values, ['1', 30_200]);
  assert.deepEqual(await store.find('3'), { id: '3', tender: '1', status: 'pending' });
  assert.deepEqual([primary.asked.length, behind.asked.length], [2, 1]);
  const current = pool([{ ...ROW, status: 'done', result: 'text' }]);
  assert.deepEqual(await new JobStore(primary.pool, current.pool).find('3'), {
    id: '3',
    tender: '1',
    status: 'done',
    text: 'text',
  });
  assert.equal(primary.asked.length, 2);
});

test('should start no job for a tender that does not exist', async () => {
  const { pool: empty } = pool([]);
  const store = new JobStore(empty, empty);
  assert.equal(await store.start('9', 1), undefined);
  assert.equal(await store.find('9'), undefined);
});

test('should end only jobs that are pending and in time, and report late ones as failed', async () => {
  const { pool: primary, asked } = pool([]);
  const store = new JobStore(primary, primary);
  await store.finish('3', { text: 'a draft' });
  await store.finish('4', 'failed');
  await store.find('5');
  assert.deepEqual(
    asked.slice(0, 2).map(({ values }) => values),
    [
      ['3', 'done', 'a draft'],
      ['4', 'failed', null],
    ],
  );
  assert.match(asked[0]?.text ?? '', /status = 'pending' AND deadline >= now\(\)/);
  assert.match(asked[2]?.text ?? '', /status = 'pending' AND deadline < now\(\) THEN 'failed'/);
});
