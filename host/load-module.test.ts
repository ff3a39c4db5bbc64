import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { loadModule } from './load-module.ts';

const clock = path.join(import.meta.dirname, 'clock.ts');

test('should give what a module exports, and name the one that exports something else', async () => {
  const { monoMs } = await loadModule(clock, z.object({ monoMs: z.function() }), '`monoMs`');
  assert.equal(typeof monoMs, 'function');
  await assert.rejects(
    loadModule(clock, z.object({ checks: z.array(z.string()) }), 'list of `checks`'),
    /^Error: host\/clock\.ts exports no list of `checks`$/,
  );
});

test('should name a module that cannot be loaded', async () => {
  await assert.rejects(
    loadModule(path.join(import.meta.dirname, 'no-such.ts'), z.object({}), 'anything'),
    /^Error: host\/no-such\.ts cannot be loaded: Error.*Cannot find module/,
  );
});
