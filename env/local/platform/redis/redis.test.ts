import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { memberScript, sentinelScript } from './config.ts';

const addresses = {
  members: ['198.19.128.41', '198.19.128.42', '198.19.128.43'],
  sentinels: ['198.19.128.44', '198.19.128.45', '198.19.128.46'],
};

test('should be scripts that a shell can read', () => {
  for (const script of [memberScript(addresses), sentinelScript(addresses)])
    execFileSync('sh', ['-n'], { input: script });
});

test('should find its own address by the number at the end of its name', () => {
  const head = memberScript(addresses).split('\n# Sets master')[0] ?? '';
  const own = (name: string): string =>
    execFileSync('sh', ['-s'], {
      input: `${head.replace('cd /data', '')}\necho "$own"`,
      env: { HOSTNAME: name },
      encoding: 'utf8',
    }).trim();
  assert.deepEqual(['redis-0', 'redis-1', 'redis-2'].map(own), addresses.members);
});

test('should put no password on a command line', () => {
  for (const script of [memberScript(addresses), sentinelScript(addresses)])
    assert.doesNotMatch(script, /redis-cli[^\n]* -a |--pass/);
});
