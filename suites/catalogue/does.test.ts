import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue, rowOf } from './index.ts';

const EXPLAINED = /^(telemetry|gpu|integrations)\/|^(failover|performance)\/ai\//;

test('should say of every check of telemetry, devices, the AI service and the model what it looks at', () => {
  const rows = catalogue().filter(({ id, built }) => built && EXPLAINED.test(id));
  assert.ok(rows.length >= 29, String(rows.length));
  assert.deepEqual(
    rows.filter(({ does }) => does === undefined).map(({ id }) => id),
    [],
  );
});

test('should give each check of metrics its own goal, and a value only to the one that has one', () => {
  const of = (name: string) => rowOf(`telemetry/metrics/${name}`) ?? assert.fail(name);
  assert.equal(new Set(['targets', 'series', 'freshness'].map((name) => of(name).goal)).size, 3);
  assert.deepEqual([of('targets').goals, of('series').goals], [{}, {}]);
  assert.deepEqual(of('freshness').goals, { maxScrapesOld: 2 });
});
