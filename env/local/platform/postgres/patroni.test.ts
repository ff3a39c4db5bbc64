import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { fileOf, objectsWith } from '../_testing/platform.ts';

interface Configuration {
  readonly bootstrap: {
    readonly dcs: Readonly<Record<'ttl' | 'loop_wait' | 'retry_timeout', number>> & {
      readonly synchronous_mode: boolean;
      readonly synchronous_mode_strict: boolean;
      readonly postgresql: { readonly parameters: Readonly<Record<string, string | number>> };
    };
  };
  readonly postgresql: { readonly pg_hba: readonly string[] };
}

const OBJECTS = objectsWith(['postgres']);
const TEXT = fileOf(OBJECTS, 'postgres-config', 'patroni.yml');
// As Patroni reads it.
const { bootstrap, postgresql } = parse(TEXT, { version: '1.1' }) as Configuration;
const DYNAMIC = bootstrap.dcs;
const PARAMETERS = DYNAMIC.postgresql.parameters;
const POST_BOOTSTRAP = fileOf(OBJECTS, 'postgres-config', 'post-bootstrap.sh');

test('should keep the rule that a leader can retry twice before its lease ends', () => {
  assert.ok(DYNAMIC.loop_wait + 2 * DYNAMIC.retry_timeout <= DYNAMIC.ttl);
});

test('should lose no acknowledged write by its settings', () => {
  for (const name of ['fsync', 'synchronous_commit', 'full_page_writes'])
    assert.equal(PARAMETERS[name], 'on', name);
  assert.deepEqual([DYNAMIC.synchronous_mode, DYNAMIC.synchronous_mode_strict], [true, true]);
});

test('should let the client load connect again for some seconds while commits wait for a replica', () => {
  const limits = [...POST_BOOTSTRAP.matchAll(/CREATE ROLE (\w+) LOGIN CONNECTION LIMIT (\d+)/g)];
  const of: Record<string, number> = Object.fromEntries(
    limits.map(([, name = '', limit]) => [name, Number(limit)] as const),
  );
  assert.ok(
    (of['plumbline'] ?? 0) >= 16 * 5,
    'probes/client-load/config.ts: 16 connections, given up after 1 s',
  );
  const roles = (of['plumbline'] ?? 0) + (of['tender'] ?? 0);
  assert.ok(
    Number(PARAMETERS['max_connections']) >= roles + 20,
    'Patroni, replication and people beside them',
  );
});

test('should hold no password, only names of users and addresses', () => {
  assert.doesNotMatch(TEXT, /password:|PASSWORD/);
  assert.match(POST_BOOTSTRAP, /PASSWORD :'tender'/);
});

test('should ask for a password from every other host', () => {
  for (const rule of postgresql.pg_hba) assert.match(rule, /^local .* peer$|^host .* scram-sha-256$/);
});
