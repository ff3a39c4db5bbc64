import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { plumbline } from './_testing/cli.ts';

const out = mkdtempSync(join(tmpdir(), 'plumbline-scope-'));
process.on('exit', () => rmSync(out, { recursive: true, force: true }));

const PARTS = [
  ['--check', 'topology/nodes/pools'],
  ['--suite', 'topology'],
  ['--with', 'postgres'],
  ['--read-only'],
];

test('false verdict 15: the gate is about all of a profile, and refuses a selection in one sentence', async () => {
  for (const part of PARTS) {
    const { code, stderr } = await plumbline(['run', '--env', 'staging', '--gate', '--out', out, ...part]);
    assert.equal(code, 64);
    assert.match(stderr, /^--gate needs all of the profile gate: [^\n]*\n$/);
  }
  assert.deepEqual(readdirSync(out), []);
});
