import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DYNAMIC, patroniConfig, POST_BOOTSTRAP } from './patroni.ts';

test('should keep the rule that a leader can retry twice before its lease ends', () => {
  assert.ok(DYNAMIC.loop_wait + 2 * DYNAMIC.retry_timeout <= DYNAMIC.ttl);
});

test('should lose no acknowledged write by its settings', () => {
  const { fsync, synchronous_commit: commit, full_page_writes: pages } = DYNAMIC.postgresql.parameters;
  assert.deepEqual([fsync, commit, pages], ['on', 'on', 'on']);
  assert.deepEqual([DYNAMIC.synchronous_mode, DYNAMIC.synchronous_mode_strict], [true, true]);
});

test('should let the workload connect anew for some seconds while commits wait for a replica', () => {
  const limits = [...POST_BOOTSTRAP.matchAll(/CREATE ROLE (\w+) LOGIN CONNECTION LIMIT (\d+)/g)];
  const of: Record<string, number> = Object.fromEntries(
    limits.map(([, name = '', limit]) => [name, Number(limit)] as const),
  );
  assert.ok(
    (of['plumbline'] ?? 0) >= 16 * 5,
    'probes/workload/config.ts: 16 connections, given up after 1 s',
  );
  const roles = (of['plumbline'] ?? 0) + (of['tender'] ?? 0);
  assert.ok(
    DYNAMIC.postgresql.parameters.max_connections >= roles + 20,
    'Patroni, replication and people beside them',
  );
});

test('should hold no password, only names of users and addresses', () => {
  const text = patroniConfig('tender', { app: 'postgres' });
  assert.doesNotMatch(text, /password"|PASSWORD/);
  assert.match(POST_BOOTSTRAP, /PASSWORD :'tender'/);
});

test('should ask for a password from every other host', () => {
  const { postgresql } = JSON.parse(patroniConfig('tender', {})) as { postgresql: { pg_hba: string[] } };
  for (const rule of postgresql.pg_hba) assert.match(rule, /^local .* peer$|^host .* scram-sha-256$/);
});
