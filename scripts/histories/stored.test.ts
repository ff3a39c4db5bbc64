import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { HISTORY_SCHEMA } from '../../reports/record/history/history.ts';
import { readStored, storedPath, StoredHistoryError, trialsOf, writeStored } from './stored.ts';
import type { Stored } from './stored.ts';

const CHECK = 'topology/nodes/pools';
const HEADER = {
  kind: 'header',
  schema: HISTORY_SCHEMA,
  check: CHECK,
  trial: 1,
  environment: 'made-up',
  goals: {},
  settings: {},
  anchor: { wall: '2026-01-01T00:00:00Z', monoMs: 0 },
};
const lines = (...values: unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');

function stored(head: Partial<Stored['head']>, text = lines(HEADER, { kind: 'end', t: 3 })): Stored {
  return {
    head: { stored: 1, check: CHECK, ...head },
    files: [
      { trial: 'trial-01', name: 'check.ndjson', text },
      { trial: 'trial-01', name: 'client-load.ndjson', text: lines(['w', 1, 1, 1, 2, 0]) },
    ],
  };
}

function folder(t: TestContext): string {
  const made = mkdtempSync(path.join(tmpdir(), 'plumbline-stored-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test('should read back what was stored, as trials with the file of each observation', (t) => {
  const into = folder(t);
  const recorded = { run: 'run-1', commit: 'abc' };
  const file = writeStored(stored({ recorded }), into);
  assert.match(file, /topology\.nodes\.pools\.ndjson\.gz$/);
  const read = readStored(file);
  assert.deepEqual(read, stored({ recorded }));
  const [trial] = trialsOf(read);
  assert.equal(trial!.history.writes.count, 1);
  assert.deepEqual([...trial!.files.values()], ['check.ndjson']);
});

test('should store a handwritten history as text, and replace a recorded one', (t) => {
  const into = folder(t);
  writeStored(stored({ recorded: { run: 'run-1', commit: null } }), into);
  const file = writeStored(stored({ handwritten: 'nothing here has such devices' }), into);
  assert.equal(storedPath(CHECK, into), file);
  assert.match(readFileSync(file, 'utf8'), /^\{"stored":1,.*"handwritten":"nothing here/);
});

test('should refuse a file without its origin, and a damaged line', (t) => {
  const file = path.join(folder(t), 'x.ndjson');
  writeFileSync(file, `${JSON.stringify({ stored: 1, check: CHECK })}\n`);
  assert.throws(() => readStored(file), StoredHistoryError);
  const damaged = stored({ recorded: { run: 'r', commit: null } }, `${lines(HEADER)}{"kind":"end"}\n`);
  assert.throws(() => trialsOf(damaged), /check\.ndjson:2/);
});
