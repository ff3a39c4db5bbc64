import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plumbline } from './_testing/cli.ts';

interface Said {
  items: { kind: string; what: string; state: string; add?: string }[];
  counts: Record<string, number>;
  next: string;
}

test('should say what is missing before anything can be asked, with exit code 2', async () => {
  const { code, stdout, stderr } = await plumbline([
    'doctor',
    '--env',
    'staging',
    '--profile',
    'smoke',
    '--json',
  ]);
  assert.deepEqual([code, stderr], [2, '']);
  const { items, counts, next } = JSON.parse(stdout) as Said;
  const [first] = items;
  assert.deepEqual([first?.kind, first?.what, first?.state], ['cluster', 'kubeconfig', 'missing']);
  const variables = items.filter(({ what, state }) => what.startsWith('variable ') && state === 'missing');
  assert.ok(variables.length > 10);
  assert.match(variables[0]?.add ?? '', /^export PLUMBLINE_/);
  assert.equal(items.filter(({ state }) => state === 'missing').length, counts['missing']);
  assert.equal(next, 'npx plumbline doctor --env staging --profile smoke');
});

test('should end with 64 for an environment or a profile that is not there', async () => {
  assert.equal((await plumbline(['doctor', '--env', 'stagin'])).code, 64);
  assert.equal((await plumbline(['doctor', '--env', 'staging', '--profile', 'nightli'])).code, 64);
});
