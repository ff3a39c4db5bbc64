/** All that docs/extend/ adds, held to types and lint together. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Copy } from './copy.ts';

describe('what the pages add', () => {
  const copy = new Copy();
  let files: string[] = [];
  before(() => {
    const pages = readdirSync(path.join(copy.root, 'docs', 'extend'));
    assert.ok(pages.length >= 4, pages.join());
    files = pages.flatMap((page) => copy.follow(`docs/extend/${page}`));
  });
  after(() => copy.remove());

  it('should be known to the compiler and to lint', () => {
    const code = files.filter((file) => file.endsWith('.ts'));
    const types = copy.node('node_modules/typescript-native/bin/tsc', '--noEmit');
    assert.equal(types.code, 0, types.output);
    const lint = copy.node('node_modules/eslint/bin/eslint.js', '--max-warnings', '0', ...code);
    assert.equal(lint.code, 0, lint.output);
  });
});
