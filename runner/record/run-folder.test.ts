import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  makeRunFolder,
  moveLatest,
  NEEDED_BYTES,
  runFolder,
  RunFolderError,
  trialFolder,
  writeFileAtomically,
} from './run-folder.ts';

const parent = mkdtempSync(join(tmpdir(), 'plumbline-test-'));
process.on('exit', () => rmSync(parent, { recursive: true, force: true }));

test('should begin nothing without room for a long drill and followed logs', () => {
  assert.ok(NEEDED_BYTES > 2 * 50e6, `${NEEDED_BYTES} bytes`);
});

test('should make a folder of its own for each run and point latest at the newest', () => {
  const at = new Date('2026-11-24T16:30:15.123Z');
  const first = makeRunFolder(parent, 'local', at);
  const second = makeRunFolder(parent, 'local', at);
  assert.match(first.id, /^20261124T163015Z-local-[0-9a-f]{4}$/);
  assert.ok(existsSync(first.histories));
  assert.equal(statSync(first.path).mode & 0o777, 0o700, 'it holds lines of logs');
  assert.deepEqual([moveLatest(first), moveLatest(second)], [null, null]);
  assert.equal(readlinkSync(join(parent, 'latest')), second.id);
});

test('should leave a folder that is called latest, and say what to do', () => {
  const copied = join(parent, 'copied');
  mkdirSync(join(copied, 'latest'), { recursive: true });
  writeFileSync(join(copied, 'latest', 'run.json'), 'of an earlier run');
  const run = makeRunFolder(copied, 'local');
  assert.match(
    moveLatest(run) ?? '',
    /copied\/latest does not point at this run, .*: it is a folder, .* give it another name, or remove it$/,
  );
  assert.equal(readFileSync(join(copied, 'latest', 'run.json'), 'utf8'), 'of an earlier run');
  assert.deepEqual(readdirSync(copied).toSorted(), [run.id, 'latest'].toSorted(), 'no draft of the link');
});

test('should say why a link cannot be made', () => {
  const path = join(parent, 'gone', 'r');
  const said = moveLatest({ id: 'r', path, histories: path, parent: join(parent, 'gone') });
  assert.match(said ?? '', /gone\/latest does not point at this run, .*gone\/r: ENOENT/);
});

test('should refuse a folder that cannot be made, saying where and why, and leave nothing', () => {
  const file = join(parent, 'a-file');
  writeFileSync(file, '');
  assert.throws(
    () => makeRunFolder(join(file, 'runs'), 'local'),
    (error) => {
      assert.ok(error instanceof RunFolderError);
      assert.match(
        error.message,
        /The runs folder .*a-file\/runs cannot be used: .*ENOTDIR.*Nothing was touched\./,
      );
      return true;
    },
  );
});

test('should replace files whole', () => {
  const file = join(parent, 'run.json');
  writeFileAtomically(file, 'one');
  writeFileAtomically(file, 'two');
  assert.equal(readFileSync(file, 'utf8'), 'two');
  assert.ok(!existsSync(`${file}.draft`));
});

test('should name folders of trials after their check', () => {
  assert.equal(
    trialFolder('/r/histories', 'topology/nodes/pools', 3),
    '/r/histories/topology.nodes.pools/trial-03',
  );
});

test('should find a run by its path or by its name in the folder of runs, whatever is to be read of it', () => {
  const run = makeRunFolder(parent, 'local');
  moveLatest(run);
  writeFileSync(join(run.path, 'run.json'), '{}');
  for (const holding of ['histories', 'run.json'] as const) {
    assert.equal(runFolder(run.path, holding, '/nowhere'), run.path);
    assert.equal(runFolder(run.id, holding, parent), run.path);
    assert.equal(runFolder('latest', holding, parent), join(parent, 'latest'));
  }
  assert.throws(() => runFolder('other', 'run.json', parent), {
    exitCode: 64,
    message: `no run "other": there is no run.json in ${join(process.cwd(), 'other')} or ${join(parent, 'other')}`,
  });
  assert.throws(() => runFolder('other', 'run.json'), {
    message: /there is no run\.json in .*\/other or .*\/runs\/other$/,
  });
});
