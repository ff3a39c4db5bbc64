import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addStoreFacts, storeFacts } from './store-facts.ts';

test('should refuse a store of which nothing is known, so that nothing missed is taken for nothing there', () => {
  assert.throws(() => storeFacts('riak'), /^Error: no store "riak" is known; there are /);
  addStoreFacts('riak', { governing: { read: { n_val: /^\d+$/ } } });
  assert.deepEqual(Object.keys(storeFacts('riak').governing.read), ['n_val']);
});
