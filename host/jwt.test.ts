import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jwtExpiry } from './jwt.ts';

const jwt = (payload: string): string => `h.${Buffer.from(payload).toString('base64url')}.s`;

test('should read when a JWT expires, and null of anything else', () => {
  assert.equal(jwtExpiry(jwt('{"exp":1790000000}')), 1_790_000_000);
  for (const other of [
    'opaque',
    '',
    'a.b.c',
    jwt('{}'),
    jwt('{"exp":"soon"}'),
    jwt('null'),
    jwt('{"exp":1e300}'),
  ])
    assert.equal(jwtExpiry(other), null, other);
});
