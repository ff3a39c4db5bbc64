import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeOf } from './changed.ts';

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
const API = { kind: 'Deployment', namespace: 'tender', name: 'api' };

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
    assert.equal(changeOf(API, before, after).text, `Deployment tender/api: changed in ${said}`);
});

test('should record every field, also where people are told of the first ones only', () => {
  const before = workload(2, container('a'), container('a'), container('a'));
  const { fields = [] } = changeOf(API, before, workload(2, container('b'), container('b'), container('b')));
  assert.equal(fields.length, 9);
  assert.ok(fields.includes(`${AT}[2].env[1].value`));
});
