import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OperationColumns } from '../../reports/record/history/operation-columns.ts';
import { parseOperation } from '../../reports/record/history/parse-operation.ts';
import { acceptedJobs } from './ai-jobs.ts';
import { occurrences } from './log-scan.ts';

test('false verdict 3: should tell acknowledged writes that share an id, or have none, from those with a tender of their own', () => {
  const into = { writes: new OperationColumns(), reads: new OperationColumns() };
  const lines = [
    '["w",1,0,0,1,0,"id=41"]',
    '["w",2,0,0,1,0,"id=42;waited=3.1"]',
    '["w",3,0,0,1,1,"status 503"]',
    '["w",4,0,0,1,2,"ECONNRESET"]',
    '["w",5,0,0,1,0]',
    '["w",6,0,0,1,0,"id=41"]',
  ];
  for (const line of lines) {
    const bytes = Buffer.from(line);
    assert.ok(parseOperation(bytes, 0, bytes.length, into));
  }
  const { jobs, shared, withoutId } = acceptedJobs(into.writes.finish());
  assert.deepEqual(Object.fromEntries(jobs), { 41: 1, 42: 2 });
  assert.deepEqual([shared, withoutId], [[6], [5]]);
});

test('should find a token in a log as it is and as Base64, and count lines, not words', () => {
  const key = 'secret-token-1234';
  const encoded = Buffer.from(key).toString('base64');
  const log = `one\nBearer ${key} ${key}\n{"auth":"${encoded}"}\nsecret-token\n`;
  assert.deepEqual(occurrences(log, key), { lines: 4, with: 2 });
  assert.deepEqual(occurrences('', key), { lines: 0, with: 0 });
});
