import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redactedJson, redactor, withoutTokens } from './redact.ts';

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
    kind: '***',
    at: 1234,
    list: [1234, true],
    '1234': 'port ***',
  });
});

test('should take out what others show to each other, and leave the words around it', () => {
  const token = 'eyJhbGciOi.eyJz-_x.x1';
  for (const [line, left] of [
    ['Authorization: Bearer tulip, next', 'Authorization: Bearer *** next'],
    ['{"authorization":"Basic dHVsaXBz","status":401}', '{"authorization":"Basic ***","status":401}'],
    [
      '{"h":"{\\"authorization\\":[\\"ApiKey aWQ6a2V5\\"]}"}',
      '{"h":"{\\"authorization\\":[\\"ApiKey ***\\"]}"}',
    ],
    ['map[Authorization:[Basic dHVsaXBz==] Host:[a]]', 'map[Authorization:[Basic *** Host:[a]]'],
    ['sent Basic dHVsaXBzOnA= to idp', 'sent Basic *** to idp'],
    // Passwords in Latin-1 and UTF-8.
    ['sent basic dHVsaXA65PY= and BASIC dHVsaXA6w6TDtg==', 'sent basic *** and BASIC ***'],
    ['Bearer token-x7k2p:6f9cq8sdkfjh2 at /v3', 'Bearer *** at /v3'],
    ['{"m":"bearer s.abcdefgh","n":1}', '{"m":"bearer ***","n":1}'],
    ['got eyJhbGciOiJub25lIn0 and eyJh.eyJz', 'got *** and ***'],
    [`sent Bearer opaque-4711 and ${token}.`, 'sent Bearer *** and ***'],
    ['k8s-aws-v1.aHR0cHM6Ly9z "x"', '*** "x"'],
    ['{"dsn":"postgres://ann:tulip@pg:5432/x","n":1}', '{"dsn":"postgres://ann:***@pg:5432/x","n":1}'],
    ['amqp://:p@ss@mq', 'amqp://:***@mq'],
    ['{"url":"https://s3/x?sig=1&se=2","n":1}', '{"url":"https://s3/x***","n":1}'],
  ] as const)
    assert.equal(withoutTokens(line), left);
  for (const line of [
    'Basic authentication failed: Bearer token, or "Basic auth"',
    'WWW-Authenticate: Bearer realm="x", error="invalid_token"',
    'WWW-Authenticate: Bearer realm=auth2.example.com',
    'uses basic health-check, basic HTTP/1.1, Basic Operations, Basic dHU6cA',
    'uses bearer authentication. Or bearer credentials: bearer 4711',
    'eyJson parse, eyJson. Next',
    '{"url":"http://host:8080","mail":"ann@example.com"}',
    'GET /orders?limit=1 at http://[::1]:80/ by ann@example.com',
    'authorization denied: token expired',
  ])
    assert.equal(withoutTokens(line), line);
});

test('should leave no part of a known secret where both take something out, in their order', () => {
  const secret = 'token-x7k2p:6f9cq8sdkfjh2';
  assert.equal(withoutTokens(redactor([secret])(`Bearer ${secret} at /v3`)), 'Bearer *** at /v3');
});
