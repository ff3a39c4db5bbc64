import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overlap, readQuery, sourcesOf, traced } from './promql.ts';
import type { Recording } from './promql.ts';

const selectors = (query: string): [string, boolean][] =>
  (readQuery(query) ?? assert.fail(query)).selectors.map(({ text, mayBeEmpty }) => [text, mayBeEmpty]);
const constants = (query: string): readonly string[] => (readQuery(query) ?? assert.fail(query)).constants;

test('should find every selector, without its range and offset', () => {
  assert.deepEqual(selectors('sum by (le) (rate(a_bucket{job="x",le=~"1|2"}[5m] offset 1h)) / b > 0.1 # c'), [
    ['a_bucket{job="x",le=~"1|2"}', false],
    ['b', false],
  ]);
  assert.deepEqual(selectors('avg_over_time((sum(rate(a[1m])) > bool 0.1)[6h:1m])'), [['a', false]]);
});

test('should know where nothing may be found', () => {
  assert.deepEqual(selectors('(bad or vector(0)) / total'), [
    ['bad', true],
    ['total', false],
  ]);
  assert.deepEqual(selectors('a unless on (job) b'), [
    ['a', false],
    ['b', true],
  ]);
  assert.deepEqual(selectors('absent(up{job="x"}) or absent_over_time(c[5m])'), [
    ['up{job="x"}', true],
    ['c', true],
  ]);
});

test('should tell a part of all events from what no value is without', () => {
  for (const [query, ...roles] of [
    ['rate(bad[5m]) / rate(all[5m]) > 0.1', 'part', 'base'],
    ['(sum(bad) / sum(all)) / 0.01 > 14', 'part', 'base'],
    ['1 - good / all > 0.1', 'base', 'base'],
    ['(all - good) / all > 0.1', 'base', 'base', 'base'],
    ['good / all < 0.9', 'base', 'base'],
    ['0.9 > good / all', 'base', 'base'],
    ['0.1 < bad / all', 'part', 'base'],
    ['bad / all > 0.1 and up', 'part', 'base', 'whole'],
    ['increase(bad[5m]) > 3', 'whole'],
  ])
    assert.deepEqual(
      readQuery(query ?? '')?.selectors.map(({ role }) => role),
      roles,
      query,
    );
  const recordings = [{ record: 'bad:5m', query: 'rate(n{code="5"}[5m])', labels: {} }];
  for (const [query, ...roles] of [
    ['bad:5m / all', 'part', 'base', 'part'],
    ['1 - bad:5m', 'base', 'base'],
  ])
    assert.deepEqual(
      traced(query ?? '', recordings).selectors.map(({ role }) => role),
      roles,
      query,
    );
});

test('should know how to ask for the metric of a selector, and for its labels of any value', () => {
  for (const [query, metric, alike] of [
    [
      'n{job="a",code=~"5..",x!="y",z=""}',
      '{__name__="n",job="a"}',
      '{__name__="n",job="a",code=~"(?:5..)|.+"}',
    ],
    [`{__name__="n",code='500'}`, '{__name__="n"}', '{__name__="n",code!=""}'],
    ['{__name__=~"n.*"}', '{__name__=~"n.*"}', '{__name__=~"n.*"}'],
  ] as const) {
    const [one] = readQuery(query)?.selectors ?? [];
    assert.deepEqual([one?.metric, one?.alike], [metric, alike]);
  }
});

test('should find the sides that nothing can change', () => {
  for (const query of [
    'vector(0) > 1',
    'vector(1)',
    '1 > bool 2',
    'a > 1 and on() (vector(0) > 1)',
    'a > 1 or vector(1)',
  ])
    assert.equal(constants(query).length, 1, query);
  for (const query of [
    'a > 1 and b > 2',
    '(a or vector(0)) > 1',
    'a > 1 and on() (hour() > 8)',
    'absent(a)',
    'time() - a > 60',
  ])
    assert.deepEqual(constants(query), [], query);
});

test('should not read what is no PromQL', () => {
  for (const query of ['', 'a >', 'rate(a[5m]) keep_metric_names', 'a b'])
    assert.equal(readQuery(query), null, query);
});

test('should follow what is recorded to what it is made from', () => {
  const recordings: Recording[] = [
    { record: 'x:1h', query: 'avg_over_time(x:5m[1h])', labels: { objective: 'a' } },
    { record: 'x:5m', query: '(bad or vector(0)) / total{job="api"}', labels: {} },
    { record: 'x:1h', query: 'other', labels: { objective: 'b' } },
    { record: 'loop', query: 'loop + 1', labels: {} },
  ];
  const found = traced('x:1h{objective="a"} > 1', recordings);
  assert.deepEqual(
    found.selectors.map(({ text }) => text),
    ['x:1h{objective="a"}', 'x:5m', 'bad', 'total{job="api"}'],
  );
  assert.deepEqual(found.rules, recordings.slice(0, 2));
  const [recorded, , bad] = found.selectors;
  const sources = sourcesOf(recorded ?? assert.fail(), recordings);
  assert.deepEqual(
    sources?.map(({ text }) => text),
    ['total{job="api"}'],
  );
  assert.equal(sourcesOf(bad ?? assert.fail(), recordings), null);
  assert.equal(traced('loop > 1', recordings).rules.length, 1);
  assert.equal(traced('y', [{ record: 'y', query: 'a b', labels: {} }]).unread, 'a b');
});

test('should tell whether two selectors may select the same series', () => {
  const one = (query: string) => readQuery(query)?.selectors[0] ?? assert.fail(query);
  for (const [left, right, isSame] of [
    ['n{job="a"}', 'n{job="a",code=~"5.."}', true],
    ['n', '{__name__="n",job="a"}', true],
    ['n{job="a"}', 'n{job="b"}', false],
    ['n', 'm', false],
    ['{__name__=~"n.*"}', '{__name__=~"n.*"}', false],
  ] as const)
    assert.equal(overlap(one(left), one(right)), isSame, `${left} ${right}`);
});
