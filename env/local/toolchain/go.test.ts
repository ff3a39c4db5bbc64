import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

const BUILD = `
import { goBuild } from ${JSON.stringify(path.join(import.meta.dirname, 'go.ts'))};
import { GROUPS } from ${JSON.stringify(path.join(import.meta.dirname, 'groups.ts'))};
await goBuild(GROUPS[0], '', 'nowhere', {}).then(
  () => console.log('built'),
  (error) => console.log('refused: ' + error.message),
);
`;

test('should report that Go is missing, and not kill itself in place of the process that did not start', (t) => {
  const TMPDIR = mkdtempSync(path.join(tmpdir(), 'plumbline-go-test-'));
  t.after(() => rmSync(TMPDIR, { recursive: true }));
  // In a child process, because the bug would kill the process that runs the test.
  const { signal, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', BUILD], {
    encoding: 'utf8',
    env: { ...process.env, PATH: '/nonexistent', TMPDIR },
  });
  assert.equal(signal, null);
  assert.match(stdout, /^refused: .*go/, stderr);
  assert.deepEqual(readdirSync(TMPDIR), [], 'the background build leaves no files behind');
});
