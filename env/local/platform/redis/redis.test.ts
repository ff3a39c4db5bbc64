import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileOf, objectsWith } from '../_testing/platform.ts';

const OBJECTS = objectsWith(['redis']);
const MEMBER = fileOf(OBJECTS, 'redis-scripts', 'redis.sh');
const SENTINEL = fileOf(OBJECTS, 'redis-scripts', 'sentinel.sh');

test('should be scripts that a shell can read', () => {
  for (const script of [MEMBER, SENTINEL]) execFileSync('sh', ['-n'], { input: script });
});

test('should find its own address by the number at the end of its name', () => {
  const head = MEMBER.split('\n# Sets master')[0] ?? '';
  const own = (name: string): string =>
    execFileSync('sh', ['-s'], {
      input: `${head.replace('cd /data', '')}\necho "$own"`,
      env: { HOSTNAME: name },
      encoding: 'utf8',
    }).trim();
  assert.deepEqual(['redis-0', 'redis-1', 'redis-2'].map(own), [
    '198.19.128.41',
    '198.19.128.42',
    '198.19.128.43',
  ]);
});

test('should put no password on a command line', () => {
  for (const script of [MEMBER, SENTINEL]) assert.doesNotMatch(script, /redis-cli[^\n]* -a |--pass/);
});
