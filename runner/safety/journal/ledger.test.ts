import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ledger } from './ledger.ts';
import type { Entry } from '../types.ts';

const entry = (title: string): Omit<Entry, 'seq' | 'state'> => ({
  id: title,
  check: 'c',
  title,
  access: 'control',
  inverse: { kind: 'thaw', cgroup: '/none' },
  clusterUid: 'u',
  bootId: 'b',
  holder: { pid: 1, startTime: '1' },
  runId: 'r',
  dueMs: 0,
  dueAfterMs: 0,
  at: '',
});

function fresh(): Ledger {
  return new Ledger(join(mkdtempSync(join(tmpdir(), 'ledger-')), 'deep/er'));
}

test('entries are on disk before record returns, and keep their order', () => {
  const ledger = fresh();
  ledger.record(entry('one'));
  assert.match(
    readFileSync(join(ledger.folder, 'ledger.ndjson'), 'utf8'),
    /"title":"one".*"state":"pending"\}\}\n$/,
  );
  ledger.record(entry('two'));
  assert.deepEqual(
    new Ledger(ledger.folder).open().map(({ seq, title }) => [seq, title]),
    [
      [1, 'one'],
      [2, 'two'],
    ],
  );
});

test('done and void entries are no longer open; failed ones are, with the reason', () => {
  const ledger = fresh();
  for (const title of ['a', 'b', 'c', 'd']) ledger.record(entry(title));
  ledger.mark(1, 'done');
  ledger.mark(2, 'failed', 'no answer');
  ledger.mark(3, 'void', 'gone');
  assert.deepEqual(
    ledger.open().map(({ title, state, note }) => [title, state, note]),
    [
      ['b', 'failed', 'no answer'],
      ['d', 'pending', undefined],
    ],
  );
});

test('half a line left by a crash loses nothing before or after it', () => {
  const ledger = fresh();
  ledger.record(entry('before'));
  appendFileSync(join(ledger.folder, 'ledger.ndjson'), '{"entry":{"seq":2,"tit');
  ledger.record(entry('after'));
  assert.deepEqual(
    ledger.open().map(({ title }) => title),
    ['before', 'after'],
  );
});

test('a long ledger starts anew once nothing is open, goes on counting, and keeps the old one', () => {
  const ledger = fresh();
  const lines = Array.from({ length: 2_001 }, (_, at) => {
    const state = at === 2_000 ? 'pending' : 'done';
    return `${JSON.stringify({ entry: { ...entry('many'), seq: at + 1, state } })}\n`;
  });
  appendFileSync(join(ledger.folder, 'ledger.ndjson'), lines.join(''));
  ledger.rotate();
  assert.equal(ledger.entries().length, 2_001, 'not while something is open');
  ledger.mark(2_001, 'done');
  ledger.rotate();
  assert.equal(ledger.entries().length, 1);
  assert.equal(ledger.record(entry('next')).seq, 2_002);
  assert.ok(readdirSync(ledger.folder).includes('ledger-until-2001.ndjson'));
});

test('a damaged line is said with its place, and everything that can be read is still open', () => {
  const ledger = fresh();
  ledger.record(entry('one'));
  const file = join(ledger.folder, 'ledger.ndjson');
  const newer = { ...entry('newer'), seq: 7, state: 'pending', inverse: { kind: 'gpu-thaw', card: 3 } };
  appendFileSync(file, `${JSON.stringify({ entry: newer })}\n{"entry":{"seq":8,"ti`);
  const after = ledger.record(entry('two'));
  // Not the number of one that cannot be read: what settles one must not settle the other.
  assert.equal(after.seq, 8);
  assert.deepEqual(
    ledger.open().map(({ title }) => title),
    ['one', 'two'],
  );
  const [unfit, cut] = ledger.damaged();
  assert.ok(unfit?.kind === 'unfit');
  assert.ok(unfit.text.startsWith(`${file}:2: newer (c) cannot be undone by this version: entry.inverse`));
  assert.deepEqual([cut?.kind, cut?.line], ['cut', 3]);
  if (cut !== undefined) ledger.acknowledge(cut);
  // Half a line is said once; what stays broken, until somebody settles it.
  assert.deepEqual(
    ledger.damaged().map(({ line }) => line),
    [2],
  );
  ledger.mark(7, 'void', 'undone by hand');
  assert.deepEqual(ledger.damaged(), []);
});

test('what earlier versions wrote is read', () => {
  const ledger = fresh();
  const { dueAfterMs: _, ...older } = entry('older');
  const command = {
    ...{ kind: 'command', argv: ['on'], timeoutMs: 1 },
    until: { argv: ['state'], includes: 'on', excludes: 'off' },
  };
  const line = { entry: { ...older, dueAt: '2026-01-01', seq: 1, state: 'pending', inverse: command } };
  appendFileSync(join(ledger.folder, 'ledger.ndjson'), `${JSON.stringify(line)}\n`);
  assert.deepEqual(
    ledger.open().map(({ title, dueAfterMs, inverse }) => [title, dueAfterMs, inverse]),
    [['older', 0, command]],
  );
});
