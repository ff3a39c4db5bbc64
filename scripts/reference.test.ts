import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { COMMITTED, FOLDER } from './reference.ts';
import { historiesPage } from './reference/histories.ts';

for (const [name, text] of Object.entries(COMMITTED))
  test(`the page ${name} says what is so`, () => {
    const written = readFileSync(path.join(FOLDER, name), 'utf8');
    const now = text();
    assert.ok(now.split('\n').length > 20, now);
    assert.ok(written === now, `docs/reference/${name} is older than what it is about: npm run reference`);
  });

test('every page of the reference is written from something', () => {
  const committed = readdirSync(FOLDER).filter((name) => name !== 'histories.md');
  assert.deepEqual(committed.toSorted(), Object.keys(COMMITTED).toSorted());
});

test('the page on histories, which is not committed, can be written', () => {
  assert.match(historiesPage(), /^### `/m);
});
