import assert from 'node:assert/strict';
import { it } from 'node:test';
import { drillRecord } from './_testing/fixture.ts';
import { renderHtml } from './html.ts';
import { MAX_PAGE_BYTES } from './html/limits.ts';

it('should stay within the limit of a page for a hundred trials, each with logs of its own', () => {
  const record = drillRecord(100);
  const text = 'x & y < z\n'.repeat(1500);
  const evidence = Array.from({ length: 100 }, (_, index) => ({ source: `trial ${index}: logs`, text }));
  const page = renderHtml({ ...record, checks: record.checks.map((check) => ({ ...check, evidence })) });
  assert.ok(Buffer.byteLength(page) <= MAX_PAGE_BYTES, String(Buffer.byteLength(page)));
});
