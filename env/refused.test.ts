import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parseDocument } from 'yaml';
import { tempFolder } from '../host/_testing/temp-folder.ts';
import { checkFindings } from '../suites/catalogue/plan/references.ts';
import { EnvironmentError } from './errors.ts';
import { loadEnvironment } from './loader.ts';

interface Case {
  change: Record<string, string>;
  says?: string[];
}

const ACCEPTED = path.join(import.meta.dirname, '_testing/refused/accepted.yaml');
/** Environment files that are changed where they may extend others: a copy of `env/`, with the two that only this test has. */
const folder = tempFolder();
cpSync(import.meta.dirname, folder, {
  recursive: true,
  filter: (file) => !/\/env\/(?:local|draft|providers)$|\.ts$/.test(file),
});

/** The text with each key of `change` in place of its value, which must be found. */
function changed(text: string, change: Case['change']): string {
  return Object.entries(change).reduce((given, [before, after]) => {
    const [, pattern] = /^\/(.*)\/$/s.exec(before) ?? [];
    const made = given.replace(pattern === undefined ? before : new RegExp(pattern, 'm'), after);
    assert.notEqual(made, given, `${before} is not in the file`);
    return made;
  }, text);
}

/** Everything that is said of a file, without places. */
async function saidOf(base: string, text: string): Promise<string[]> {
  const file = path.join(folder, base);
  writeFileSync(file, text);
  const error = await loadEnvironment(file, { look: checkFindings }).then(
    () => new EnvironmentError([]),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof EnvironmentError, String(error));
  assert.equal(error.exitCode, 64);
  return error.message.split('\n').flatMap((line) => /^\S+:\d+:\d+: (.*)$/.exec(line)?.[1] ?? []);
}

const accepted = parseDocument(readFileSync(ACCEPTED, 'utf8'));
for (const [base, cases] of Object.entries(accepted.toJS() as Record<string, Record<string, Case>>)) {
  const own = ['shop.yaml', 'objectives.yaml'].includes(base) ? `_testing/refused/${base}` : base;
  const text = readFileSync(path.join(import.meta.dirname, own), 'utf8');
  describe(base, () => {
    it('should be taken as it is', async () => {
      assert.deepEqual(await saidOf(own, text), []);
    });
    for (const [what, { change, says = [] }] of Object.entries(cases))
      it(`should have said of it what was accepted of ${what}`, async () => {
        const said = await saidOf(own, changed(text, change));
        if (process.env['ACCEPT'] !== '1') assert.deepEqual(said, says);
        else if (said.length > 0) accepted.setIn([base, what, 'says'], said);
        else accepted.deleteIn([base, what, 'says']);
      });
  });
}
if (process.env['ACCEPT'] === '1')
  describe('what is said', () => {
    it('should be accepted', () => {
      writeFileSync(ACCEPTED, accepted.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: 1000 }));
    });
  });
