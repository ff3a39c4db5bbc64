import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fixtureCheck, fixtureRecord, metRecord } from './_testing/fixture.ts';
import { renderHtml } from './html.ts';

/** Whoever reads the page for the first time must not take one figure for another. */
describe('what the page says of its figures', () => {
  it('should say what each figure of an outage counts from, and what unsent means', () => {
    const record = metRecord();
    const trial = record.checks.flatMap((check) => check.trials)[0] ?? assert.fail('a trial was expected');
    trial.landed = { proved: true, by: 'processes gone: all 2 of postgres-0: 17@4 18@4', atMs: 7 };
    trial.writes = { ...(trial.writes ?? assert.fail('sums were expected')), unsent: 0 };
    const without = renderHtml(record);
    trial.writes = { ...trial.writes, unsent: 111 };
    const text = renderHtml(record).replace(/\s+/g, ' ');
    assert.match(text, /count from 0, the moment at which the fault was proved to be in force/);
    assert.match(text, /It may have hit up to 2 ms earlier/);
    assert.match(text, /from the outage’s own beginning to its end/);
    assert.match(text, /<b>Landed<\/b> proved: processes gone<\/span/);
    assert.match(text, /How it was proved.*monotonic clock.*17@4 18@4/);
    assert.match(text, /Unsent: due, but every connection/);
    assert.doesNotMatch(without, /Unsent: due/);
    assert.match(text, /goal ≤ 30 s</);
  });

  it('should say whose API calls are counted, and which figure of pressure counts', () => {
    const shares = { mean: 0.09, most: 0.2 };
    const measured = { cpu: { mean: 1, most: 1 }, memory: null, io: null, others: shares, spanMs: 1000 };
    const rules = [{ id: 'evidence/pod', verdict: 'pass' as const, text: 'pod: 10 recorded' }];
    const check = fixtureCheck('topology/nodes/pools', { pressure: measured, rules });
    const record = fixtureRecord([check], { restored: { actions: 0, failed: [], steadyAgain: true } });
    const text = renderHtml(record).replace(/\s+/g, ' ');
    assert.match(
      text,
      /other processes took 9 % of the cores \(above 25 % a missed goal of time is inconclusive\); for information only: tasks waited for CPU 100 %/,
    );
    assert.match(text, /API calls? to look at the cluster or change it/);
    assert.match(text, /It can be more than is declared/);
    assert.match(text, /the checks had put back all that they changed, nothing was left to undo/);
  });
});
