import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { emptyFolderIn } from '../../../host/_testing/variable.ts';
import { stubMachine } from '../_testing/machine.ts';
import { goBuild } from './go.ts';
import { GROUPS } from './groups.ts';

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
    env: { ...process.env, PATH: '/nonexistent', TMPDIR, PLUMBLINE_CACHE: path.join(TMPDIR, 'cache') },
  });
  assert.equal(signal, null);
  assert.match(stdout, /^refused: .*go/, stderr);
  const left = readdirSync(TMPDIR, { recursive: true });
  assert.deepEqual(left, ['cache', 'cache/go'], 'the background build leaves no files behind');
});

test('should keep the temporary files of both builds in one folder of the cache, emptied before and removed after', async (t) => {
  const scratch = path.join(emptyFolderIn(t, 'PLUMBLINE_CACHE'), 'go', 'tmp');
  mkdirSync(path.join(scratch, 'go-build-that-was-killed'), { recursive: true });
  const { folder, stub, remove } = stubMachine();
  t.after(remove);
  const said = path.join(folder, 'said');
  // The list of packages waits for the build beside it, which would be ended otherwise.
  stub(
    'go',
    `[ "$1" = build ] || until grep -qs build ${said}; do sleep 0.02; done
echo "$1 $GOTMPDIR $TMPDIR" $(ls "$GOTMPDIR") >>${said}`,
  );
  const group = GROUPS.find(({ name }) => name === 'gpu');
  await goBuild(group!, '', path.join(folder, 'out'), {});
  const seen = readFileSync(said, 'utf8').trim().split('\n');
  assert.deepEqual(
    seen,
    ['build', 'list', 'build'].map((word) => `${word} ${scratch} ${scratch}`),
  );
  assert.ok(!existsSync(scratch));
});
