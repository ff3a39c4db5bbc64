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

describe('the page on paper, and of a run whose folder is elsewhere', () => {
  const page = renderHtml(metRecord());

  it('should print what was not run, and say which evidence it does not print', () => {
    const script = /<script>([^]*)<\/script>/.exec(page)?.[1] ?? '';
    assert.ok(script.includes("'main details:not([open], .unprinted)'"));
    assert.match(
      page,
      /@media print[^]*main details:not\(\.unprinted\)::details-content\{content-visibility:visible/,
    );
    assert.match(page, /\.unprinted:not\(\[open\]\)>summary:after\{content:" – not printed: /);
    const evidence = [
      { source: 'short', text: 'x' },
      { source: 'long', text: 'x'.repeat(1501) },
    ];
    const shown = renderHtml(
      fixtureRecord([fixtureCheck('topology/nodes/pools', { verdict: 'fail', evidence })]),
    );
    assert.match(shown, /<details class="inner " open>\s*<summary>short</);
    assert.match(shown, /<details class="inner unprinted" >\s*<summary>long</);
  });

  it('should keep the head of a card or group on paper with what follows, and short blocks whole', () => {
    const print = page.slice(page.indexOf('@media print'));
    const rule = (name: string): string => new RegExp(`[^}]*\\{${name}\\}`).exec(print)?.[0] ?? '';
    for (const block of ['.check>summary', '.goal', '.compare2', '.figures>div', '#context', 'thead'])
      assert.ok(rule('break-inside:avoid').split(/[,{]/).includes(block), block);
    for (const head of ['summary', '.goal', 'thead', 'h4'])
      assert.ok(rule('break-after:avoid').split(/[,{]/).includes(head), head);
    assert.match(
      print,
      /\.check:before,\.group:before\{[^}]*height:(\d+)px;margin-bottom:-\1px;break-inside:avoid\}/,
    );
  });

  it('should say how to judge the run again, wherever its folder is', () => {
    assert.match(
      page,
      /<code>npx plumbline judge FOLDER<\/code>, with the folder of run 20261124T170214Z-local-7f3a/,
    );
  });
});
