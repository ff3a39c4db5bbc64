import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantityOf } from './quantity.ts';

test('should read quantities as Kubernetes writes them', () => {
  assert.deepEqual(['12', '7500m', '1.5k', '2Ki', '1e3', '-3', '', 'many', '5X', undefined].map(quantityOf), [
    12,
    7.5,
    1500,
    2048,
    1000,
    -3,
    null,
    null,
    null,
    null,
  ]);
});
