import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../host/_testing/temp-folder.ts';
import { fixtureCheck, fixtureRecord } from '../../reports/render/_testing/fixture.ts';
import { countChecks } from './checks.ts';

test('should count each wanted check by its verdict, one that is missing as failed, and none without a whole record', (context) => {
  const folder = tempFolder(context);
  assert.equal(countChecks(folder, ['a/passes']), null);
  const record = fixtureRecord([
    fixtureCheck('a/passes'),
    fixtureCheck('a/fails', { verdict: 'fail', reason: 'it is gone' }),
    fixtureCheck('a/unknown', { verdict: 'inconclusive', reason: 'no answer' }),
    fixtureCheck('a/left-out', { verdict: 'not-run', reason: 'not declared' }),
    fixtureCheck('a/not-wanted', { verdict: 'fail' }),
  ]);
  mkdirSync(join(folder, 'latest'));
  const file = join(folder, 'latest', 'run.json');
  const whole = JSON.stringify(record);
  writeFileSync(file, whole);
  assert.deepEqual(countChecks(folder, ['a/passes', 'a/fails', 'a/unknown', 'a/left-out', 'a/renamed']), {
    counts: { passed: 1, failed: 3, skipped: 1 },
    failures: [
      'a/fails: fail: it is gone',
      'a/unknown: inconclusive: no answer',
      'a/renamed: no such check in the record',
    ],
  });
  for (const text of [whole.slice(0, whole.length / 2), '{}']) {
    writeFileSync(file, text);
    assert.equal(countChecks(folder, ['a/passes']), null);
  }
});
