import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redactedJson, redactor } from './redact.ts';

test('should take a word or a number out only where it stands alone', () => {
  const redact = redactor(['tulip', '1234']);
  assert.equal(redact('password "tulip", tulip. u:1234@h'), 'password "***", ***. u:***@h');
  const names = 'pod tulip-0 of tulips, {"t":51234.7,"at":1234,"x":0.1234}';
  assert.equal(redact(names), names);
});

test('should take any other secret out wherever it stands, as JSON and URLs spell it too', () => {
  const redact = redactor(['a"b/1']);
  assert.equal(redact('xa"b/1x a\\"b/1 a%22b%2F1'), 'x***x *** ***');
});

test('should change only texts of JSON', () => {
  const redact = redactor(['1234', 'true']);
  const line = { kind: 'true', at: 1234, list: [1234, true], '1234': 'port 1234' };
  assert.deepEqual(JSON.parse(redactedJson(line, redact)), {
    ...{ kind: '***', at: 1234, list: [1234, true] },
    '1234': 'port ***',
  });
});
