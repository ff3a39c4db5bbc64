import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diffRuns, renderAll, renderTerminal } from '../index.ts';
import { runRecordSchema } from '../record/run-record.ts';
import { acceptedRun } from '../_testing/accepted.ts';
import { fixtureCheck, fixtureRecord } from './_testing/fixture.ts';
import { renderHtml } from './html.ts';
import { renderMarkdown } from './markdown.ts';

test('should say first in every report for people that a run only read', async () => {
  const left = fixtureCheck('failover/redis/hang', {
    verdict: 'not-run',
    reason: 'read only: this check injects the fault hang',
    required: false,
  });
  const record = fixtureRecord([fixtureCheck('topology/nodes/pools'), left], {
    scope: 'selection',
    readOnly: true,
  });
  assert.equal(runRecordSchema.parse(record).readOnly, true);
  const reports: Record<string, string> = {
    ...(await renderAll(record)),
    terminal: renderTerminal(record, { reportPath: 'r', width: 1000 }),
  };
  for (const name of ['terminal', 'report.html', 'summary.md'])
    assert.match(reports[name] ?? '', /Read only: this run made and changed nothing/, name);
  assert.match(reports['report.html'] ?? '', /nothing was changed: the run only read/);
  const sentence = 'local, read only: passed; 1 of 2 checks looked: 1 passed';
  assert.equal(record.sentence, sentence);
  assert.match(
    reports['report.html'] ?? '',
    /local, read only: <strong class="v-pass">passed<\/strong\s*>; 1 of 2/,
  );
  for (const name of ['terminal', 'summary.md', 'junit.xml'])
    assert.ok(reports[name]?.includes(sentence), name);
  const { text } = diffRuns(record, fixtureRecord([fixtureCheck('topology/nodes/pools')]));
  assert.match(text, /read only: no → yes/);
  assert.doesNotMatch(renderHtml(acceptedRun('met')), /Read only/);
  const failed = fixtureRecord([fixtureCheck('topology/nodes/pools', { verdict: 'fail', reason: 'r' })], {
    scope: 'selection',
    readOnly: true,
  });
  assert.match(renderHtml(failed), />Why it failed</);
  assert.match(renderMarkdown(failed), /### Why it failed/);
});
