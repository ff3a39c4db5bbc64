import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { fileOf, objectsWith } from '../_testing/platform.ts';

const OBJECTS = objectsWith(['elasticsearch']);
const GATE_CONFIG = fileOf(OBJECTS, 'elasticsearch-gate', 'haproxy.cfg');
const settings = parse(fileOf(OBJECTS, 'elasticsearch-config', 'elasticsearch.yml')) as Record<
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

/** The lines of one section of the gate's configuration. */
function section(name: string): string[] {
  const found = GATE_CONFIG.split(/\n(?=\S)/).find((text) => text.split('\n')[0] === name) ?? '';
  const lines = found.split('\n').slice(1);
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}

test("should free the server's place of a client that has given up", () => {
  // In `defaults`: set for a backend alone, the client's side would not go on reading.
  assert.ok(section('defaults').includes('option abortonclose'));
});

test('should ask for health past those who wait for the server', () => {
  const found = (name: string, pattern: RegExp): string => pattern.exec(section(name).join('\n'))?.[1] ?? '';
  const backendOf = (frontend: string): string => found(frontend, /^default_backend (\S+)$/m);
  assert.notEqual(backendOf('frontend health'), backendOf('frontend clients'));
  const health = section(`backend ${backendOf('frontend health')}`).join('\n');
  assert.match(health, /^server \S+ 127\.0\.0\.1:\d+$/);
  const limitOf = (name: string): number => Number(found(name, /^maxconn (\d+)$/m));
  assert.ok(limitOf('frontend clients') > 0, 'clients have a limit');
  assert.ok(limitOf('frontend clients') < limitOf('global'), 'connections are left for health');
});

test('should give a silent member up within the goal for a hang', () => {
  interface Check {
    readonly interval: string;
    readonly timeout: string;
    readonly retry_count: number;
  }
  const check = settings['cluster.fault_detection.leader_check'] as Check;
  assert.deepEqual(settings['cluster.fault_detection.follower_check'], check);
  const seconds =
    2 * // the others' checks of the master, then a new master's of the one that was it
    check.retry_count *
    (Number.parseInt(check.timeout) + Number.parseInt(check.interval));
  assert.ok(seconds < 45, String(seconds));
  assert.equal(settings['node.roles'], 'master,data');
});
