import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PAGE, pageText } from './check-reference.ts';

test('the page on checks is that of the catalogue', () => {
  assert.equal(
    readFileSync(PAGE, 'utf8'),
    pageText(),
    'docs/reference/checks.md is older than the catalogue; write it again: node scripts/check-reference.ts',
  );
});
