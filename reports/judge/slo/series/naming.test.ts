import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Objective, Series } from '../../../record/objective.ts';
import { misnamed } from './naming.ts';
import { queriesOf, selectorOf, targetsIn, targetsQuery } from './selector.ts';

const TOTAL = 'http_request_duration_seconds_count{job="tender-api",route!~"/healthz|/readyz"}';

function objective(of: { good?: string; bad?: string; total?: string }): Objective {
  const { good = null, bad = null, total = TOTAL } = of;
  return {
    name: 'a',
    title: 'a',
    service: 'a',
    method: 'Occurrences',
    target: 0.99,
    window: { kind: 'run' },
    slice: null,
    status: 'assumed',
    indicator: { kind: 'ratio', counter: true, good, bad, total },
  };
}

const series = (...labels: string[]): Series => ({
  labels: Object.fromEntries(labels.map((name) => [name, '200'])),
  points: [[0, 1]],
});
const of = (query: string, counted: Series[], found: Series[] = []) =>
  new Map([
    [TOTAL, counted],
    [query, found],
  ]);

describe('misnamed', () => {
  const bad = TOTAL.replace('}', ',status=~"5.."}');

  it('should let a bad query match nothing whose labels the total has', () => {
    const counted = [series('job', 'route', 'status'), series('job', 'route', 'status')];
    assert.equal(misnamed(objective({ bad }), of(bad, counted)), null);
    // A matcher that leaves nothing out asks for no label.
    assert.equal(misnamed(objective({ bad }), of(bad, [series('job', 'status')])), null);
  });

  it('false verdict 6: should not trust a query for numbers where failures are written in words', () => {
    const words = [series('job', 'status'), { labels: { job: 'tender-api', status: 'error' }, points: [] }];
    assert.match(
      misnamed(objective({ bad }), of(bad, words)) ?? '',
      /expects numbers in the label status, but the total has status="error"/,
    );
    const good = TOTAL.replace('}', ',status!~"5.."}');
    assert.match(misnamed(objective({ good }), of(good, words)) ?? '', /status="error"/);
    const classes = TOTAL.replace('}', ',status="5xx"}');
    const answered = of(classes, [series('job', 'status')]);
    assert.match(misnamed(objective({ bad: classes }), answered) ?? '', /classes such as 5xx/);
    const named = TOTAL.replace('}', ',status="error"}');
    assert.equal(misnamed(objective({ bad: named }), of(named, words)), null);
  });

  it('should say which label the total does not have', () => {
    const code = of(bad, [series('job', 'route', 'code'), series('job', 'route', 'status')]);
    assert.match(
      misnamed(objective({ bad }), code) ?? '',
      /^the bad query selects by the label status, which 1 of 2 series of the total do not have/,
    );
  });

  it('should not know whether there is a metric that nothing ever matched', () => {
    const other = 'http_errors_total{job="tender-api"}';
    const counted = [series('job', 'status')];
    assert.match(
      misnamed(objective({ bad: other }), of(other, counted)) ?? '',
      /the metric http_errors_total exists/,
    );
    assert.equal(misnamed(objective({ bad: other }), of(other, counted, [series('job')])), null);
  });

  it('should say that a histogram has no such edge', () => {
    const good = 'http_request_duration_seconds_bucket{job="tender-api",le="3"}';
    const counted = [series('job', 'status')];
    assert.match(misnamed(objective({ good }), of(good, counted)) ?? '', /no such edge/);
    assert.equal(misnamed(objective({ good }), of(good, counted, [series('job', 'le')])), null);
  });

  it('should say nothing where there is nothing to compare with, or more than a selector', () => {
    assert.equal(misnamed(objective({ bad }), of(bad, [])), null);
    const sum = 'sum(rate(a{b="c"}[1m]))';
    assert.equal(misnamed(objective({ bad: sum }), of(sum, [series('job')])), null);
  });
});

describe('selectors', () => {
  it('should be read, quotes and all', () => {
    assert.deepEqual(selectorOf('a:b{c="}\\"", d!~`x`}'), {
      metric: 'a:b',
      matchers: [
        { label: 'c', op: '=', value: '"}\\""' },
        { label: 'd', op: '!~', value: '`x`' },
      ],
    });
    assert.equal(selectorOf('a[5m]'), null);
  });

  it('should tell by which job the targets are known', () => {
    assert.equal(targetsQuery(objective({ bad: 'b' })), 'up{job="tender-api"}');
    assert.equal(targetsQuery(objective({ bad: 'b', total: 'a' })), null);
    const query = 'sum(rate(a{job="x",namespace="n"}[1m])) / sum(rate(b{job="x"}[1m]))';
    const threshold = { kind: 'threshold', query, op: 'lte', value: 1 } as const;
    const one = { ...objective({}), indicator: threshold };
    // One job may scrape a whole cluster.
    assert.equal(targetsQuery(one), 'up{job="x",namespace="n"}');
    // The namespace of what a gateway counts may be another than that of its target.
    assert.equal(targetsQuery({ ...one, countedElsewhere: true }), 'up{job="x"}');
    assert.equal(
      targetsQuery({ ...one, indicator: { ...threshold, query: query.replace('b{job="x"', 'b{job="y"') } }),
      null,
    );
    assert.deepEqual(queriesOf(objective({ bad: 'b' })), [TOTAL, 'b', 'up{job="tender-api"}']);
  });
});

describe('targetsIn', () => {
  const total = 'requests{job="api",namespace="shop"}';
  const of = (...namespaces: string[]): (string | undefined)[] => {
    const ups = namespaces.map((namespace) => ({ labels: { job: 'api', namespace }, points: [] }));
    const elsewhere = { ...objective({ total, bad: 'b' }), countedElsewhere: true };
    const found = targetsIn(elsewhere, new Map([['up{job="api"}', ups]]));
    return found.map(({ labels }) => labels['namespace']);
  };

  it('should be those in the namespace that is asked for, where any is', () => {
    assert.deepEqual(of('shop', 'staging', 'shop'), ['shop', 'shop']);
  });

  it('should be all of the job where the namespace is that of what a gateway counts', () => {
    assert.deepEqual(of('kong', 'kong'), ['kong', 'kong']);
    assert.deepEqual(of(), []);
  });
});

describe('a boundary that only some pods have', () => {
  const total = 'http_request_duration_seconds_count{job="api"}';
  const good = 'http_request_duration_seconds_bucket{job="api",le="0.5"}';
  const ofPod = (pod: string, more: Record<string, string> = {}, value = 7): Series => ({
    labels: { job: 'api', pod, ...more },
    points: [[0, value]],
  });
  const found = (
    counted: Series[],
    bucketed: Series[],
    by = good,
    bounded: ReadonlySet<string> = new Set(),
  ): string | null =>
    misnamed(
      objective({ good: by, total }),
      new Map([
        [total, counted],
        [by, bucketed],
      ]),
      bounded,
    );
  const le = { le: '0.5', __name__: 'http_request_duration_seconds_bucket' };

  it('should not have the answers of the others taken for slow', () => {
    assert.equal(found([ofPod('a'), ofPod('b')], [ofPod('a', le), ofPod('b', le)]), null);
    assert.match(
      found([ofPod('a'), ofPod('b')], [ofPod('a', le)]) ?? '',
      /^1 of 2 series of http_request_duration_seconds_count have no bucket at the boundary of .*such as those of b: other versions/,
    );
    assert.equal(found([ofPod('a'), ofPod('b', {}, 0)], [ofPod('a', le)]), null, 'it has counted nothing');
  });

  it('should be no other version where the same process has the boundary for another series at that time', () => {
    const [slow, fast, bucket] = [{ route: 'export' }, { route: 'orders' }, { route: 'orders', ...le }];
    assert.equal(found([ofPod('a', slow), ofPod('a', fast)], [ofPod('a', bucket)]), null);
    // Another pod, or another process behind the same collector, may be of another version.
    assert.match(
      found([ofPod('b', slow), ofPod('a', fast)], [ofPod('a', bucket)]) ?? '',
      /such as those of b/,
    );
    const behind = (of: string): Record<string, string> => ({ exported_instance: of });
    assert.match(
      found(
        [ofPod('a', { ...slow, ...behind('x') }), ofPod('a', { ...fast, ...behind('y') })],
        [ofPod('a', { ...bucket, ...behind('y') })],
      ) ?? '',
      /have no bucket at the boundary/,
    );
    // After an update at the same address the boundary is gone.
    const later: Series = { ...ofPod('a', slow), points: [[9, 7]] };
    assert.match(
      found([later, ofPod('a', fast)], [ofPod('a', bucket)]) ?? '',
      /have no bucket at the boundary/,
    );
  });

  it('should be no other version where its target has the boundary for what is not selected', () => {
    const slow = (instance: string): Series => ofPod(instance, { instance, route: 'export' });
    const bounded = new Set(['a']);
    assert.equal(found([slow('a')], [], good, bounded), null);
    assert.match(found([slow('a'), slow('b')], [], good, bounded) ?? '', /the histogram has no such edge/);
    const fast = { ...ofPod('c', { instance: 'c', ...le }) };
    assert.match(
      found([slow('a'), slow('b'), ofPod('c', { instance: 'c' })], [fast], good, bounded) ?? '',
      /^1 of 3 series .* such as those of b/,
    );
  });

  it('should say nothing where the query leaves some out on purpose', () => {
    const without = good.replace('}', ',status!~"5.."}');
    assert.equal(found([ofPod('a'), ofPod('b')], [ofPod('a', le)], without), null);
  });
});
