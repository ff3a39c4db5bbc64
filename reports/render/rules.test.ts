import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixtureCheck, fixtureRecord } from './_testing/fixture.ts';
import { renderHtml } from './html.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';

const RULES = [
  { id: 'evidence/member', verdict: 'pass' as const, text: 'member: 3 seen, of 3 declared' },
  { id: 'primary', verdict: 'inconclusive' as const, text: 'nobody said who leads' },
  { id: 'members', verdict: 'fail' as const, text: '2 of 3 members' },
];
const passed = fixtureCheck('topology/workloads/roles', { rules: RULES.slice(0, 1) });
const failed = fixtureCheck('topology/workloads/probes', {
  verdict: 'fail',
  reason: '2 of 3 members (and 1 more)',
  rules: RULES,
});

test('should name what a pass rests on, and first what it does not', () => {
  const page = renderHtml(fixtureRecord([passed, failed]));
  const parts = page.split('Rests on');
  assert.equal(parts.length, 3);
  assert.match(page, /Rests on 1 rule</);
  assert.match(page, /member: 3 seen, of 3 declared/);
  const [, ofFailed = ''] = parts;
  assert.ok(ofFailed.indexOf('2 of 3 members') < ofFailed.indexOf('nobody said who leads'));
  assert.ok(ofFailed.indexOf('nobody said who leads') < ofFailed.indexOf('member: 3 seen'));
});

test('should list the rules that were not met where CI shows them', () => {
  const record = fixtureRecord([passed, failed]);
  for (const text of [renderMarkdown(record), renderJunit(record)]) {
    assert.match(text, /2 of 3 members/);
    assert.match(text, /nobody said who leads/);
    assert.doesNotMatch(text, /member: 3 seen/);
  }
});
