import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../../host/_testing/temp-folder.ts';
import { Journal } from './journal.ts';
import type { Entry } from '../types.ts';

const entry = (title: string): Omit<Entry, 'seq' | 'state'> => ({
  id: title,
  check: 'c',
  title,
  access: 'control',
  rollback: { kind: 'thaw', cgroup: '/none' },
  clusterUid: 'u',
  bootId: 'b',
  holder: { pid: 1, startTime: '1' },
  runId: 'r',
  dueMs: 0,
  dueAfterMs: 0,
  at: '',
});

function fresh(): Journal {
  return new Journal(join(tempFolder(), 'deep/er'));
}

test('entries are on disk before record returns, and keep their order', () => {
  const journal = fresh();
  journal.record(entry('one'));
  assert.match(
    readFileSync(join(journal.folder, 'journal.ndjson'), 'utf8'),
    /"title":"one".*"state":"pending"\}\}\n$/,
  );
  journal.record(entry('two'));
  assert.deepEqual(
    new Journal(journal.folder).open().map(({ seq, title }) => [seq, title]),
    [
      [1, 'one'],
      [2, 'two'],
    ],
  );
});

test('a folder that others may write is refused: what is in it would be done', () => {
  const { folder } = fresh();
  chmodSync(folder, 0o720);
  assert.throws(() => new Journal(folder), /can be written by others \(owner \d+, mode 720\)/);
  chmodSync(folder, 0o750);
  assert.doesNotThrow(() => new Journal(folder));
});

test('an entry of which the disk takes only a part is not recorded, and the action does not begin', () => {
  const { folder } = fresh();
  const script = `
    import { Journal } from '${join(import.meta.dirname, 'journal.ts')}';
    const journal = new Journal(process.argv[1]);
    for (let recorded = 0; ; recorded++)
      try {
        journal.record({ ...${JSON.stringify(entry('one'))}, id: String(recorded) });
      } catch ({ code }) {
        console.log(JSON.stringify({ code, recorded }));
        break;
      }`;
  // As on a full disk, a write that reaches the largest size of a file takes what still fits; only the next one is refused.
  const limited = `trap '' XFSZ; ulimit -f 1; exec "$0" --input-type=module-typescript -e "$1" "$2"`;
  const { stdout } = spawnSync('bash', ['-c', limited, process.execPath, script, folder], {
    encoding: 'utf8',
  });
  const said = JSON.parse(stdout) as { code: string; recorded: number };
  assert.equal(said.code, 'EFBIG');
  assert.ok(said.recorded > 0);
  assert.equal(new Journal(folder).open().length, said.recorded);
  assert.equal(statSync(join(folder, 'journal.ndjson')).size, 1024, 'a part of the last one was taken');
});

test('done and void entries are no longer open; failed ones are, with the reason', () => {
  const journal = fresh();
  for (const title of ['a', 'b', 'c', 'd']) journal.record(entry(title));
  journal.setState(1, 'done');
  journal.setState(2, 'failed', 'no answer');
  journal.setState(3, 'void', 'gone');
  assert.deepEqual(
    journal.open().map(({ title, state, note }) => [title, state, note]),
    [
      ['b', 'failed', 'no answer'],
      ['d', 'pending', undefined],
    ],
  );
});

test('half a line left by a crash loses nothing before or after it', () => {
  const journal = fresh();
  journal.record(entry('before'));
  appendFileSync(join(journal.folder, 'journal.ndjson'), '{"entry":{"seq":2,"tit');
  journal.record(entry('after'));
  assert.deepEqual(
    journal.open().map(({ title }) => title),
    ['before', 'after'],
  );
});

test('a long journal starts again once nothing is open, goes on counting, and keeps the old one', () => {
  const journal = fresh();
  const lines = Array.from({ length: 2_001 }, (_, at) => {
    const state = at === 2_000 ? 'pending' : 'done';
    return `${JSON.stringify({ entry: { ...entry('many'), seq: at + 1, state } })}\n`;
  });
  appendFileSync(join(journal.folder, 'journal.ndjson'), lines.join(''));
  journal.rotate();
  assert.equal(journal.entries().length, 2_001, 'not while something is open');
  journal.setState(2_001, 'done');
  journal.rotate();
  assert.equal(journal.entries().length, 1);
  assert.equal(journal.record(entry('next')).seq, 2_002);
  assert.ok(readdirSync(journal.folder).includes('journal-until-2001.ndjson'));
});

test('a damaged line is said with its place, and everything that can be read is still open', () => {
  const journal = fresh();
  journal.record(entry('one'));
  const file = join(journal.folder, 'journal.ndjson');
  const newer = { ...entry('newer'), seq: 7, state: 'pending', rollback: { kind: 'gpu-thaw', card: 3 } };
  appendFileSync(file, `${JSON.stringify({ entry: newer })}\n{"entry":{"seq":8,"ti`);
  const after = journal.record(entry('two'));
  // Not the number of one that cannot be read: what settles one must not settle the other.
  assert.equal(after.seq, 8);
  assert.deepEqual(
    journal.open().map(({ title }) => title),
    ['one', 'two'],
  );
  const [unfit, cut] = journal.damaged();
  assert.ok(unfit?.kind === 'unfit');
  assert.ok(unfit.text.startsWith(`${file}:2: newer (c) cannot be undone by this version: entry.rollback`));
  assert.deepEqual([cut?.kind, cut?.line], ['cut', 3]);
  if (cut !== undefined) journal.acknowledge(cut);
  // Half a line is said once; what stays broken, until somebody settles it.
  assert.deepEqual(
    journal.damaged().map(({ line }) => line),
    [2],
  );
  journal.setState(7, 'void', 'undone by hand');
  assert.deepEqual(journal.damaged(), []);
});
