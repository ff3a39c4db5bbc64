import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { TIMEOUT_NAMES } from '../env/schema.ts';

const ROOT = path.dirname(import.meta.dirname);
/** What runs: not the list itself, nor tests. */
const READERS = '{env,faults,load,probes,runner,suites}/**/*.ts';
const NO_READER = /\/timeouts\.ts$|\.test\.ts$|\/_testing\//;

test('should read each time-out that an environment file may set', () => {
  const files = globSync(READERS, { cwd: ROOT }).filter((file) => !NO_READER.test(file));
  const text = files.map((file) => readFileSync(path.join(ROOT, file), 'utf8')).join('\n');
  const unread = TIMEOUT_NAMES.filter((name) => !new RegExp(`'${name}'|timeouts\\.${name}\\b`).test(text));
  assert.deepEqual(unread, []);
});
