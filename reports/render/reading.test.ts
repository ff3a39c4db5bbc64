import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { acceptedRun } from '../_testing/accepted.ts';
import { fixtureCheck, fixtureRecord } from './_testing/fixture.ts';
import { renderHtml } from './html.ts';

describe('the page on paper, and of a run whose folder is elsewhere', () => {
  const page = renderHtml(acceptedRun('met'));

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
});
