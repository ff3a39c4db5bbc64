import assert from 'node:assert/strict';
import { test } from 'node:test';
import { telemetry } from '../signals/declaration.ts';
import { fieldOf, logFieldsOf } from './index.ts';

const URL = 'https://logs.example.com';

function fieldsOf(fields: object) {
  const { logs } = telemetry.parse({ logs: { kind: 'elasticsearch', url: URL, fields } });
  return logFieldsOf(logs ?? assert.fail('no logs'));
}

test('should give a field that is declared by one name that name in the store and in the line, and no name of a query', () => {
  const { correlationId, number, pod } = fieldsOf({ correlationId: 'request_id' });
  assert.deepEqual(correlationId, { source: 'request_id', query: null, line: 'request_id' });
  assert.deepEqual(number, { source: 'n', query: null, line: 'n' });
  assert.equal(pod.source, 'kubernetes.pod');
});

test('should keep the three names of a field apart', () => {
  const { correlationId, service } = fieldsOf({
    correlationId: { source: 'json.request_id', query: 'request.id', line: 'request_id' },
    service: { line: 'app' },
  });
  assert.deepEqual(correlationId, { source: 'json.request_id', query: 'request.id', line: 'request_id' });
  assert.deepEqual(service, { source: 'service', query: null, line: 'app' });
});

test('should refuse a key that a shell would change, and a part that nothing reads', () => {
  const problems = (fields: object) =>
    telemetry
      .safeParse({ logs: { kind: 'elasticsearch', url: URL, fields } })
      .error?.issues.map(({ path }) => path.join('.')) ?? [];
  assert.match(problems({ number: { line: 'a$b' } }).join(), /logs\.fields\.number/);
  assert.match(problems({ message: { line: 'msg' } }).join(), /logs\.fields\.message/);
});

test('should take each dot of a path for a step into an object or for a part of a key', () => {
  const app = 'kubernetes.labels.app.kubernetes.io/name';
  const labels = { 'app.kubernetes.io/name': 'x' };
  assert.equal(fieldOf({ kubernetes: { labels } }, app), 'x');
  assert.equal(fieldOf({ 'kubernetes.labels': labels }, app), 'x');
  assert.equal(fieldOf({ [app]: 'x' }, app), 'x');
  const resource = { attributes: { 'k8s.pod.name': 'x' } };
  assert.equal(fieldOf({ resource }, 'resource.attributes.k8s.pod.name'), 'x');
  assert.equal(fieldOf({ a: { b: { c: 'x' } } }, 'a.b.c'), 'x');
});

test('should take the longest key of those that lead to a value, and none that leads to nothing', () => {
  assert.equal(fieldOf({ a: { 'b.c': 'short' }, 'a.b': { c: 'long' } }, 'a.b.c'), 'long');
  assert.equal(fieldOf({ a: { 'b.c': 'x' }, 'a.b': { d: 'y' } }, 'a.b.c'), 'x');
  assert.equal(fieldOf({ a: { 'b.c': 'x' }, 'a.b': 'y' }, 'a.b.c'), 'x');
  for (const path of ['a.b.c', 'a.toString', 'a.b.length', 'a.', '.a', ''])
    assert.equal(fieldOf({ a: { b: 'x' } }, path), undefined, path);
});
