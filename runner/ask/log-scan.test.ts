import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunnerCore } from '../serve/runner-parts.ts';
import { isCut, occurrences, scanLogs } from './log-scan.ts';

const MOST_BYTES = 64 << 20;

test('should take a log for cut that has as many lines or bytes as are read at most', () => {
  assert.equal(isCut('a line\n'.repeat(199_999)), false);
  assert.equal(isCut(`\n${'a line\n'.repeat(199_999)}`), true);
  assert.equal(isCut('x'.repeat(MOST_BYTES - 1)), false);
  assert.equal(isCut('x'.repeat(MOST_BYTES)), true);
});

test('should find a token in whatever is Base64, at each place in it, and no other token', () => {
  for (const key of ['sk-7~?>~?>~?>', 'sk-live-ÿÿ?>', '12345678'])
    for (const around of ['', 'a', 'ab', 'abc', 'Bearer ', 'api:', '{"token":"'])
      for (const behind of ['', '"', '"}', '\n\n\n'])
        for (const alphabet of ['base64', 'base64url'] as const) {
          const line = (token: string) => `auth=${Buffer.from(around + token + behind).toString(alphabet)}`;
          assert.deepEqual(occurrences(line(key), key), { lines: 1, with: 1 }, line(key));
          const other = `${key.slice(0, 3)}.${key.slice(4)}`;
          assert.deepEqual(occurrences(line(other), key), { lines: 1, with: 0 }, line(other));
        }
});

test('should read no more of a log than it may, and name the one that was cut', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scan-'));
  const pod = (name: string) => ({
    metadata: { namespace: 'a', name },
    spec: { containers: [{ name: 'main' }] },
  });
  const limits: unknown[] = [];
  const cluster = {
    list: ({ namespace }: { namespace: string }) =>
      Promise.resolve({ items: namespace === 'a' ? [pod('long'), pod('short')] : [] }),
    logs: (of: { pod: string; limitBytes?: number }) => {
      limits.push(of.limitBytes);
      return Promise.resolve(of.pod === 'long' ? 'x'.repeat(MOST_BYTES) : 'a line\n');
    },
  };
  const environment = { ai: { llm: { token: {} } }, namespaces: { platform: 'a', edge: 'b' } };
  const runner = {
    runState: { trialFolder: () => folder, environment },
    stores: { secret: () => Promise.resolve('a-long-enough-key') },
    parts: { cluster },
  } as unknown as RunnerCore;
  await scanLogs(runner, { check: 'integrations/llm-token', trial: 1 }, new AbortController().signal);
  const told = readFileSync(join(folder, 'scan.ndjson'), 'utf8').split('\n').filter(Boolean);
  const scan = JSON.parse(told.find((line) => line.includes('"key-scan"')) ?? '{}') as Record<
    string,
    unknown
  >;
  assert.deepEqual(scan['logs'], ['a/long main', 'a/short main']);
  assert.deepEqual([scan['cut'], scan['unread']], [['a/long main'], []]);
  assert.deepEqual(limits, [MOST_BYTES, MOST_BYTES]);
});
