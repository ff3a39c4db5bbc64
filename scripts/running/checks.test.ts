import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fixtureCheck, fixtureRecord } from '../../reports/render/_testing/fixture.ts';
import { countChecks } from './checks.ts';

function scratch(context: { after: (work: () => void) => void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-checks-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('should count each wanted check by its verdict, and one that is not in the record as failed', (context) => {
  const folder = scratch(context);
  const record = fixtureRecord([
    fixtureCheck('a/passes'),
    fixtureCheck('a/fails', { verdict: 'fail', reason: 'it is gone' }),
    fixtureCheck('a/unknown', { verdict: 'inconclusive', reason: 'no answer' }),
    fixtureCheck('a/left-out', { verdict: 'not-run', reason: 'not declared' }),
    fixtureCheck('a/not-wanted', { verdict: 'fail' }),
  ]);
  mkdirSync(join(folder, 'latest'));
  writeFileSync(join(folder, 'latest', 'run.json'), JSON.stringify(record));
  const wanted = ['a/passes', 'a/fails', 'a/unknown', 'a/left-out', 'a/renamed'];
  assert.deepEqual(countChecks(folder, wanted), {
    counts: { passed: 1, failed: 3, skipped: 1 },
    failures: [
      'a/fails: fail: it is gone',
      'a/unknown: inconclusive: no answer',
      'a/renamed: no such check in the record',
    ],
  });
});

test('should find no counts if the run left no record, or one that is cut off or is none', (context) => {
  const folder = scratch(context);
  assert.equal(countChecks(folder, ['a/passes']), null);
  mkdirSync(join(folder, 'latest'));
  const whole = JSON.stringify(fixtureRecord([fixtureCheck('a/passes')]));
  for (const text of [whole.slice(0, whole.length / 2), '', '{}']) {
    writeFileSync(join(folder, 'latest', 'run.json'), text);
    assert.equal(countChecks(folder, ['a/passes']), null);
  }
});
