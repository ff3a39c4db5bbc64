import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { FOLDER, PAGES } from './reference.ts';

for (const [name, text] of Object.entries(PAGES))
  test(`the page ${name} says what is so`, () => {
    const written = readFileSync(path.join(FOLDER, name), 'utf8');
    const now = text();
    assert.ok(now.split('\n').length > 20, now);
    assert.ok(written === now, `docs/reference/${name} is older than what it is about: npm run reference`);
  });

test('every page of the reference is written from something', () => {
  assert.deepEqual(readdirSync(FOLDER).toSorted(), Object.keys(PAGES).toSorted());
});
