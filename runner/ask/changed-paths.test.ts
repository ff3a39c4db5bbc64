import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeText } from './changed-paths.ts';

const container = (value: string, more: object = {}): object => ({
  args: ['--key', value],
  command: ['run', value],
  env: [
    { name: 'MODE', value: 'x' },
    { name: 'API_KEY', value },
  ],
  ...more,
});
const workload = (replicas: number, ...containers: object[]): string =>
  JSON.stringify({ spec: { replicas, template: { spec: { containers } } } });
const AT = 'spec.template.spec.containers';

test('should name the fields of a workload that changed, and no text that stands in them', () => {
  const sidecar = container('s3cret-0');
  const before = workload(2, sidecar, container('s3cret-1'));
  const one = [{ name: 'API_KEY', value: 's3cret-2' }];
  for (const [after, said] of [
    [
      workload(3, sidecar, container('s3cret-2')),
      `spec.replicas (was 2, is 3), ${AT}[1].args[1], ${AT}[1].command[1], ${AT}[1].env[1].value`,
    ],
    [workload(2, sidecar, container('s3cret-1', { env: one })), `${AT}[1].env`],
    [workload(2, sidecar, container('s3cret-1', { image: 's3cret' })), `${AT}[1].image`],
    [workload(2, container('s3cret-1')), AT],
    [
      workload(2, container('s3cret-2', { tty: true }), container('s3cret-2', { tty: true })),
      `${AT}[0].args[1], ${AT}[0].command[1], ${AT}[0].env[1].value, ${AT}[0].tty, ${AT}[1].args[1], and 3 more`,
    ],
  ] as const)
    assert.equal(changeText(before, after), `changed in ${said}`);
});

test('should show what is no object as it is', () => {
  assert.equal(changeText('true', 'false'), 'was true, is false');
  assert.equal(changeText('leader; steady', 'not seen: x'), 'was leader; steady, is not seen: x');
  const long = 'x'.repeat(1_000);
  assert.equal(changeText(long, 'y'), `was ${'x'.repeat(300)}, is y`);
});
