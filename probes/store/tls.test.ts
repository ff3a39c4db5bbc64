import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tlsOptions } from './tls.ts';

test('should read certificates once for all connections to a store, and not take those of another', () => {
  const files = { serverName: 'pg.test' };
  assert.equal(tlsOptions(files).secureContext, tlsOptions(files).secureContext);
  assert.notEqual(tlsOptions(files).secureContext, tlsOptions({ serverName: 'pg.test' }).secureContext);
});
