import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { authLine } from './auth.ts';

const START = readFileSync(join(import.meta.dirname, 'start.sh'), 'utf8');

test('should write the password as the server reads it: iterated SHA-256 with a salt', () => {
  const line = authLine('neo4j', 'a password');
  const [, hash = '', salt = '', iterations = ''] =
    /^neo4j:SHA-256,([0-9a-f]{64}),([0-9a-f]{64}),(\d+):\n$/.exec(line) ?? [];
  let again = createHash('sha256').update(Buffer.from(salt, 'hex')).update('a password').digest();
  for (let i = 1; i < Number(iterations); i++) again = createHash('sha256').update(again).digest();
  assert.equal(again.toString('hex'), hash);
  assert.equal(line, authLine('neo4j', 'a password'));
  assert.doesNotMatch(line, /a password/);
  assert.notEqual(line, authLine('neo4j', 'another'));
});

test('should set the first password only where there are no users yet, and give way to the server', () => {
  assert.match(
    START,
    /if \[ ! -e '\{\{value data\}\}\/dbms' \] && \[ ! -e '\{\{value data\}\}\/databases' \]; then/,
  );
  assert.match(START, /^exec java /m);
});
