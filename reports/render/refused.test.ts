import assert from 'node:assert/strict';
import { it } from 'node:test';
import { renderFormat } from '../index.ts';
import { runRecordSchema } from '../record/run-record.ts';
import type { RunRecord } from '../record/run-record.ts';
import { wholeFailoverRecord } from './_testing/fixture-failover.ts';
import { renderHtml } from './html.ts';
import { renderTerminal } from './terminal.ts';

/** 31 of 12,000 requests got no good answer, of which so many were refused before the service. */
function refusing(refused: number): RunRecord {
  const record = wholeFailoverRecord();
  const [trial] = record.checks.find(({ id }) => id === 'failover/backend/pod-crash')?.trials ?? [];
  const requests = trial?.requests ?? assert.fail('no requests');
  requests.refused = refused;
  if (refused === 31)
    Object.assign(requests, { failed: 31, unanswered: 0, secondsWithFailures: 0, lastFailureMs: null });
  return runRecordSchema.parse(record);
}

it('should tell refused requests from failed ones in every format', async () => {
  const record = refusing(20);
  const said = /11 of 12,000 requests failed, 20 refused in 1 trial/;
  const own = record.checks.filter(({ id }) => id === 'failover/backend/pod-crash');
  assert.match(renderTerminal({ ...record, checks: own }, { reportPath: '/x', width: 300 }), said);
  assert.match(await renderFormat(record, 'markdown'), said);
  const metrics = await renderFormat(record, 'openmetrics');
  const ratio = /failover_failed_requests_ratio\{[^}]*store="backend"[^}]*\} (\S+)/.exec(metrics)?.[1];
  assert.equal(Number(ratio), 11 / 12_000);
  const page = renderHtml(record).replace(/\s+/g, ' ');
  assert.match(page, /<b>11 of 12000 failed<\/b>.{0,120}<small>20 refused<\/small>/);
  assert.match(page, /<b>4<\/b>.{0,40}failed.{0,120}<b>20<\/b>.{0,40}refused/);
});

it('should say that no request failed where all others were refused', () => {
  const page = renderHtml(refusing(31)).replace(/\s+/g, ' ');
  assert.match(page, /<b>0 of 12000 failed<\/b>/);
  assert.match(page, /No request failed\./);
});
