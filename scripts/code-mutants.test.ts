import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../host/_testing/temp-folder.ts';
import { runStep } from './running/steps.ts';

test('should refuse a mutant whose text is not in the code, and one without unit tests', async (context) => {
  const list = path.join(tempFolder(context), 'mutants.yaml');
  const file = 'scripts/code-mutants.ts';
  const mutants = [
    { name: 'a/gone', file, find: 'not there', replace: '', tests: 'scripts/*.test.ts' },
    { name: 'a/untested', file, find: 'const USAGE = 64;', replace: '', tests: 'scripts/none-*.test.ts' },
  ];
  writeFileSync(list, JSON.stringify(mutants));
  const script = path.join(import.meta.dirname, 'code-mutants.ts');
  const { exitCode, output } = await runStep([process.execPath, script, '--list', list]);
  assert.match(output, /a\/gone: its text is 0 times in scripts\/code-mutants\.ts, expected once/);
  assert.match(output, /a\/untested: no unit test is called scripts\/none-/);
  assert.equal(exitCode, 64);
});
