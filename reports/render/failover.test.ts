import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runRecordSchema } from '../record/run-record.ts';
import type { RunRecord } from '../record/run-record.ts';
import { renderFormat } from '../index.ts';
import { wholeFailoverRecord } from './_testing/fixture-failover.ts';
import { drillRecord } from './_testing/fixture.ts';
import { renderHtml } from './html.ts';
import { renderTerminal } from './terminal.ts';

const MAX_BYTES = 2_000_000;

/** Every trial of a long series with logs of its own. */
function longSeries(trials: number): RunRecord {
  const record = drillRecord(trials);
  const text = 'x & y < z\n'.repeat(1500);
  const evidence = Array.from({ length: trials }, (_, index) => ({ source: `trial ${index}: logs`, text }));
  return { ...record, checks: record.checks.map((check) => ({ ...check, evidence })) };
}

describe('a run of the whole failover suite', () => {
  const record = wholeFailoverRecord();
  const page = renderHtml(record);

  it('should be a record of the published schema', () => {
    assert.deepEqual(runRecordSchema.parse(record), record);
  });

  it('should stay within 2 MB, a hundred trials with their logs too', () => {
    assert.ok(Buffer.byteLength(page) <= MAX_BYTES, String(Buffer.byteLength(page)));
    const series = renderHtml(longSeries(100));
    assert.ok(Buffer.byteLength(series) <= MAX_BYTES, String(Buffer.byteLength(series)));
  });

  it('should show every store under every fault, linked, and say why a cell is empty', () => {
    const table = page.slice(page.indexOf('<section id="faults"'), page.indexOf('<section id="services"'));
    assert.equal(table.match(/class="f-cell /g)?.length, 29);
    assert.equal(table.match(/not declared: a second member/g)?.length, 3);
    for (const text of [
      'never steady again',
      'in place',
      'slower than expected',
      '31 of 12000 failed',
      'lost 12',
    ])
      assert.ok(table.includes(text), text);
    assert.match(table, /href="#check-failover\.redis\.partition"/);
  });

  it('should draw every service on one axis with each fault shaded', () => {
    const strips = page.slice(page.indexOf('<section id="services"'), page.indexOf('<main'));
    for (const service of [
      'postgres',
      'redis',
      'rabbitmq',
      'elasticsearch',
      'neo4j',
      'backend',
      'control-plane',
    ])
      assert.ok(strips.includes(`>${service}</text`), service);
    assert.equal(strips.match(/class="s-window"/g)?.length, 29);
    assert.match(strips, /hang on tender\/rabbitmq-0 on worker-1, trial 1: not steady again/);
    assert.match(strips, /12 lost/);
  });

  it('should show the client, its definite failures, the state afterwards, remarks and the loss window', () => {
    for (const text of [
      'redis client, one attempt per operation',
      '25006: cannot execute INSERT in a read-only transaction',
      '63 objects compared, all as before',
      'leader, replica, sync_standby; steady',
      'the store has one member and cannot fail over',
      'Loss window, from the first to the last lost acknowledgement: 0.340 s',
      'What became of every request',
    ])
      assert.ok(page.includes(text), text);
  });

  it('should escape what pods have logged', () => {
    assert.ok(page.includes('&lt;b&gt;member&lt;/b&gt;'));
    assert.ok(!page.includes('<b>member</b>'));
  });

  it('should list trials that did not count with their reason', () => {
    const series = drillRecord(3);
    const [check] = series.checks;
    const [first] = check?.trials ?? [];
    if (first === undefined) assert.fail('a trial was expected');
    first.verdict = 'inconclusive';
    first.reason = 'cut off: the harness was killed';
    assert.match(
      renderHtml(series),
      /1 trial of 3 did not count[\s\S]*Trial 1: cut off: the harness was killed/,
    );
  });

  it('should name the RTO of each further path beside the main one, wherever that is given', async () => {
    const series = drillRecord(2);
    const [check] = series.checks;
    const trials = check?.trials ?? [];
    for (const [at, trial] of trials.entries())
      trial.paths = [
        { name: 'direct', rto: { loMs: 1490, hiMs: 1500 + at * 1000 }, outages: 1 },
        at === 0
          ? { name: 'pooled', rto: null, rtoNote: 'not recorded', outages: null }
          : { name: 'pooled', rto: { loMs: 0, hiMs: 12 }, outages: 0 },
      ];
    assert.deepEqual(runRecordSchema.parse(series), series);
    const own = renderHtml(series);
    const shown = own.replace(/\s+/g, ' ');
    for (const text of [
      '<b>RTO by path direct</b> between 1.490 s and 1.500 s',
      'RTO by path pooled',
      '1.490 s – 2.500 s',
    ])
      assert.ok(shown.includes(text), text);
    const whole = wholeFailoverRecord();
    const postgres = whole.checks.find(({ id }) => id === 'failover/postgres/pod-crash');
    for (const trial of postgres?.trials ?? []) trial.paths = trials[1]?.paths;
    assert.ok(renderHtml(whole).includes('by path direct 2.500 s'));
    const said = /\(by path direct 2\.500 s, by path pooled not known\)/;
    assert.match(renderTerminal(series, { reportPath: '/x', width: 300 }), said);
    const markdown = await renderFormat(series, 'markdown');
    assert.match(markdown.replaceAll('\\', ''), said);
  });

  it('should tell requests from writes in every format', async () => {
    const terminal = renderTerminal(record, { reportPath: '/x' });
    assert.match(terminal, /another leader in/);
    const markdown = await renderFormat(record, 'markdown');
    assert.match(markdown, /31 of 12,000 requests failed in 1 trial/);
    assert.match(markdown, /12 within 0\.340 s/);
    const metrics = await renderFormat(record, 'openmetrics');
    assert.match(metrics, /failover_failed_requests_ratio\{[^}]*store="backend"[^}]*\} 0\.0025/);
    assert.match(metrics, /failover_loss_window_seconds\{[^}]*store="redis",fault="partition"\} 0\.34/);
    const junit = await renderFormat(record, 'junit');
    assert.match(junit, /31 of 12000 requests failed/);
  });
});
