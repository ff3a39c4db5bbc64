import assert from 'node:assert/strict';
import { test } from 'node:test';
import { telemetry } from '../signals/declaration.ts';
import { logFieldsOf } from './index.ts';

const URL = 'https://logs.example.com';

function fieldsOf(kind: string, fields: object) {
  const { logs } = telemetry.parse({ logs: { kind, url: URL, fields } });
  return logFieldsOf(logs ?? assert.fail('no logs'));
}

test('should give a field that is declared by one name that name in the store and in the line, and no name of a query', () => {
  const { correlationId, number, pod } = fieldsOf('elasticsearch', { correlationId: 'request_id' });
  assert.deepEqual(correlationId, { source: 'request_id', query: null, line: 'request_id' });
  assert.deepEqual(number, { source: 'n', query: null, line: 'n' });
  assert.equal(pod.source, 'kubernetes.pod');
});

test('should keep the three names of a field apart', () => {
  const { correlationId, service } = fieldsOf('elasticsearch', {
    correlationId: { source: 'json.request_id', query: 'request.id', line: 'request_id' },
    service: { line: 'app' },
  });
  assert.deepEqual(correlationId, { source: 'json.request_id', query: 'request.id', line: 'request_id' });
  assert.deepEqual(service, { source: 'service', query: null, line: 'app' });
});

test('should know where each kind has its fields, and that lines of services are the same in all', () => {
  const loki = fieldsOf('loki', {});
  assert.deepEqual(loki.pod, { source: 'pod', query: null, line: 'kubernetes.pod' });
  assert.equal(loki.correlationId.line, 'mark');
  assert.deepEqual(fieldsOf('opensearch', {}), fieldsOf('elasticsearch', {}));
});

test('should refuse a key that a shell would change, a part that nothing reads, and a key of another kind', () => {
  const problems = (logs: object) =>
    telemetry
      .safeParse({ logs: { url: URL, ...logs } })
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
  assert.match(
    problems({ kind: 'loki', fields: { number: { line: 'a$b' } } }).join(),
    /logs\.fields\.number/,
  );
  assert.match(
    problems({ kind: 'loki', fields: { message: { line: 'msg' } } }).join(),
    /logs\.fields\.message/,
  );
  assert.match(
    problems({ kind: 'loki', index: 'logs-*' }).join(),
    /^logs\.index: no such key with kind loki; it belongs to elasticsearch, opensearch$/,
  );
  assert.match(problems({ kind: 'elasticsearch', tenant: 'a' }).join(), /logs\.tenant: .* belongs to loki/);
  assert.match(problems({ kind: 'loki', tenant: 'a b' }).join(), /logs\.tenant/);
  assert.deepEqual(problems({ kind: 'loki', tenant: 'a', selector: '{app=~".+"}' }), []);
});
