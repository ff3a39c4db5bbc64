import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PAGE, pageText } from './history-reference.ts';

test('the page on histories is that of the schemas', () => {
  assert.equal(
    readFileSync(PAGE, 'utf8'),
    pageText(),
    'docs/reference/histories.md is older than the schemas; write it again: node scripts/history-reference.ts',
  );
});
