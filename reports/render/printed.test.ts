import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printed } from './printed.ts';

test('should leave nothing that a CI server takes for a command', () => {
  const texts = {
    'alert "##vso[task.setvariable variable=x]y"': 'alert "# #vso[task.setvariable variable=x]y"',
    '###[command]': '## #[command]',
    "##teamcity[buildStatus text='met']": "# #teamcity[buildStatus text='met']",
    '::add-mask::1\n \t::set-output name=a::b': ': :add-mask::1\n \t: :set-output name=a::b',
    '\r\n::error::': '\n: :error::',
  };
  for (const [text, expected] of Object.entries(texts)) assert.equal(printed(text), expected);
});

test('should leave all else as it is, but for what a terminal would obey', () => {
  for (const text of ['a::b', '## heading', 'fe80::1 [x]', '#[x]', '  indented: yes\n\tand this'])
    assert.equal(printed(text), text);
  assert.equal(printed('\u001b[2Kmet'), '\ufffd[2Kmet');
});
