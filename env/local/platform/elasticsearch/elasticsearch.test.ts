import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elasticsearchConfig, FAULT_DETECTION, GATE_CONFIG } from './config.ts';

const settings = JSON.parse(elasticsearchConfig(['a-0', 'a-1', 'a-2'], 'a-members')) as Record<
  string,
  unknown
>;

test('should let clients in through the gate alone', () => {
  assert.equal(settings['http.host'], '127.0.0.1');
  assert.match(GATE_CONFIG, /http-request auth realm \S+ unless \{ http_auth\(accounts\) \}/);
  assert.match(
    GATE_CONFIG,
    /frontend health[\s\S]*http-request deny unless \{ method GET \} \{ path \/alive \}/,
  );
});

test('should hold no password, only the names of variables', () => {
  for (const [, password = ''] of GATE_CONFIG.matchAll(/insecure-password (\S+)/g))
    assert.match(password, /^"\$\{[A-Z_]+\}"$/);
});

test('should pass each request on once', () => {
  assert.match(GATE_CONFIG, /^ {2}retries 0$/m);
  assert.doesNotMatch(GATE_CONFIG, /redispatch|retry-on/);
});

test('should give a silent member up within the goal for a hang', () => {
  const seconds =
    FAULT_DETECTION.retry_count *
    (Number.parseInt(FAULT_DETECTION.timeout) + Number.parseInt(FAULT_DETECTION.interval));
  assert.ok(seconds < 45, String(seconds));
  assert.deepEqual(settings['node.roles'], ['master', 'data']);
});
