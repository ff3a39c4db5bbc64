import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Objective } from '../../../record/objective.ts';
import { selectorsIn } from './selector.ts';
import { thereGap } from './there.ts';
import type { There } from './there.ts';

const COUNT = 'http_server_requests_seconds_count{job="basket"}';
const BAD = 'http_server_requests_seconds_count{job="basket",outcome="SERVER_ERROR"}';
const BUCKET = 'http_server_requests_seconds_bucket{job="basket",le="0.5"}';

const seen = (selector: string, over: Partial<There> = {}): There => ({
  kind: 'metric-there',
  t: 1,
  objectives: ['a'],
  selector,
  there: true,
  selected: true,
  families: [],
  alike: [],
  labels: ['__name__', 'instance', 'job', 'le', 'outcome', 'status', 'uri'],
  values: [
    { label: 'job', values: ['basket'] },
    { label: 'outcome', values: ['CLIENT_ERROR', 'SUCCESS'] },
    { label: 'status', values: ['200', '404'] },
    { label: 'le', values: ['+Inf', '0.1', '0.5', '1.0', '10.0'] },
  ],
  ...over,
});

function objective(
  queries: { good?: string; bad?: string; total?: string },
  over: Partial<Objective> = {},
): Objective {
  const { good = null, bad = null, total = COUNT } = queries;
  return {
    name: 'a',
    title: 'A',
    service: 'basket',
    method: 'Occurrences',
    target: 0.9,
    status: 'assumed',
    window: { kind: 'run' },
    slice: null,
    stated: 'environment file',
    indicator: { kind: 'ratio', counter: true, good, bad, total },
    ...over,
  };
}

const gapOf = (one: Objective, ...there: There[]): string => thereGap(one, there) ?? 'none';
/** Of a query for bad events, beside the total that is as it should be. */
const badGap = (bad: string, over: Partial<There> = {}): string =>
  gapOf(objective({ bad }), seen(COUNT), seen(bad, over));
const goodGap = (good: string, over: Partial<There> = {}, histogram: Objective['histogram'] = null): string =>
  gapOf(objective({ good }, { histogram }), seen(COUNT), seen(good, over));

const le = (...values: string[]): Partial<There> => ({
  values: [
    { label: 'job', values: ['basket'] },
    { label: 'le', values },
  ],
});

describe('what Prometheus has of the queries of an objective', () => {
  it('should be no obstacle where it is as the queries have it, also without one bad event', () => {
    assert.equal(badGap(BAD, { selected: false }), 'none');
    assert.equal(
      badGap('http_server_requests_seconds_count{job="basket",status=~"5.."}', { selected: false }),
      'none',
    );
    assert.equal(goodGap(BUCKET), 'none');
  });

  it('should be of the metric of the selector, by what the targets say of it', () => {
    const of = (family: string): string => badGap(BAD, { families: [{ family, type: 'counter', unit: '' }] });
    for (const own of ['http_server_requests_seconds_count', 'http_server_requests_seconds'])
      assert.equal(of(own), 'none', own);
    assert.equal(
      of('other_total'),
      'of http_server_requests_seconds_count something was recorded of other_total',
    );
  });

  it('should be demanded of every selector, and of no record of an earlier version', () => {
    assert.match(
      gapOf(objective({ bad: BAD }), seen(COUNT)),
      /what Prometheus has of .*SERVER_ERROR.* was not recorded/,
    );
    const { stated: _stated, ...earlier } = objective({ bad: BAD });
    assert.equal(gapOf(earlier), 'none');
  });

  it('should be read to its end: values of every label, and a series of what is counted', () => {
    const values = [{ label: 'job', values: ['basket'] }];
    assert.match(
      badGap(BAD, { values }),
      /the values of outcome on http_server_requests_seconds_count were not recorded/,
    );
    assert.match(
      goodGap(BUCKET, { labels: ['job', 'outcome'] }),
      /_bucket has no label le: it is no histogram with buckets/,
    );
    assert.match(goodGap(BUCKET, { selected: false }), /has no series that fits all of/);
  });

  it('should name a metric that is not there, and those of a name like it', () => {
    const gone = { there: false, labels: [], values: [], selected: false };
    assert.match(
      gapOf(
        objective({ bad: BAD }),
        seen(COUNT, { ...gone, alike: ['http_server_duration_milliseconds_count'] }),
      ),
      /^Prometheus has no series of http_server_requests_seconds_count in the window; of a name like it are http_server_duration_milliseconds_count$/,
    );
    assert.match(gapOf(objective({ bad: BAD }), seen(COUNT, gone)), /nor one of a name like it/);
    const described = [{ family: 'failures', type: 'counter', unit: '' }];
    assert.match(
      badGap('failures_total{job="basket"}', { ...gone, families: described }),
      /failures_total .*although a target describes it \(counter\): nothing was counted yet, which is no proof/,
    );
  });

  it('should name a histogram without classic buckets', () => {
    const gone = { there: false, labels: [], values: [], selected: false };
    const family = 'http_server_requests_seconds';
    assert.match(
      goodGap(BUCKET, { ...gone, alike: [family], families: [{ family, type: 'histogram', unit: '' }] }),
      /_bucket in the window, but of http_server_requests_seconds: a native histogram, .*always_scrape_classic_histograms/,
    );
    const advice = 'set percentiles-histogram';
    assert.match(
      goodGap(
        BUCKET,
        { ...gone, alike: [`${family}_max`], families: [{ family, type: 'summary', unit: '' }] },
        { unit: 'seconds', atMost: 0.5, advice },
      ),
      /is a summary, which has no buckets; have the service publish a histogram \(set percentiles-histogram\)/,
    );
  });

  it('should name a label that is not there, and the one that may be meant', () => {
    const bad = 'http_server_requests_seconds_count{job="basket",status_code=~"5.."}';
    assert.match(
      badGap(bad),
      /has no label status_code \(asked for status_code=~"5\.\."\): of its labels .*, status has such values \(200, 404\): write status=~"5\.\."/,
    );
    const wrong = 'http_server_requests_seconds_count{job="basket",failed="true"}';
    assert.match(badGap(wrong), /has no label failed .*: its labels are instance, job, le, outcome/);
    // A label that is to keep requests out keeps none out.
    const total = 'http_server_requests_seconds_count{job="basket",route!~"/health.*"}';
    assert.match(
      gapOf(objective({ bad: BAD, total }), seen(total), seen(BAD)),
      /has no label route \(asked for route!~"\/health\.\*"\)/,
    );
  });

  it('should name values of another shape', () => {
    const of = (...values: string[]): Partial<There> => ({
      labels: ['job', 'code'],
      selected: false,
      values: [
        { label: 'job', values: ['basket'] },
        { label: 'code', values },
      ],
    });
    const numbers = 'http_server_requests_seconds_count{job="basket",code=~"5.."}';
    assert.match(
      badGap(numbers, of('2xx', '4xx')),
      /the bad query asks for code=~"5\.\.", but there code is 2xx, 4xx, and not numbers: select by a value that the service writes/,
    );
    const classes = 'http_server_requests_seconds_count{job="basket",code="5xx"}';
    assert.match(
      badGap(classes, of('200', '404')),
      /but there code is 200, 404, and not classes such as 5xx/,
    );
    const word = 'http_server_requests_seconds_count{job="basket",code="SERVER_ERROR"}';
    assert.match(badGap(word, of('200', '404')), /and not words such as SERVER_ERROR/);
    assert.equal(badGap(numbers, of('200', '204')), 'none');
    assert.match(badGap(numbers, of()), /the values of code on .* were not recorded/);
  });

  it('should name what selects no service, by one label or by all together', () => {
    const total = 'http_server_requests_seconds_count{job="basked"}';
    const bad = 'http_server_requests_seconds_count{job="basked",outcome="SERVER_ERROR"}';
    assert.match(
      gapOf(objective({ bad, total }), seen(total), seen(bad)),
      /has no series with job="basked"; there, job is basket/,
    );
    assert.match(
      gapOf(objective({ bad: BAD }), seen(COUNT, { selected: false }), seen(BAD)),
      /has no series that fits all of http_server_requests_seconds_count\{job="basket"\}/,
    );
  });

  it('should name a gauge where growth is counted', () => {
    const families = [{ family: 'requests', type: 'gauge', unit: '' }];
    const one = objective({ total: 'requests{job="basket"}', bad: 'requests{job="basket",status="500"}' });
    assert.match(
      gapOf(one, seen('requests{job="basket"}', { families }), seen('requests{job="basket",status="500"}')),
      /^requests is a gauge, and not a counter/,
    );
  });

  it('should look into expressions, and at what has no name', () => {
    const total = 'sum(increase(requests{job="basket"}[1m]))';
    const bad = 'sum(increase(requests{job="basket",state="error"}[1m]))';
    const one = objective({ total, bad });
    assert.match(
      gapOf(one, seen('requests{job="basket"}'), seen('requests{job="basket",state="error"}')),
      /^requests has no label state/,
    );
    const nameless = objective({ total: 'sum({job="basket"})', bad });
    assert.match(gapOf(nameless, seen('{job="basket"}')), /names no metric/);
    const number: Objective = {
      ...objective({}),
      indicator: { kind: 'threshold', query: 'max(depth{queue="a"})', op: 'lte', value: 3 },
    };
    assert.match(
      gapOf(number, seen('depth{queue="a"}', { there: false, labels: [], alike: ['queue_depth'] })),
      /no series of depth in the window; of a name like it are queue_depth/,
    );
  });
});

describe('the unit of a histogram', () => {
  const milliseconds = { unit: 'milliseconds', atMost: 500, advice: null } as const;

  it('should be the one that was said, by name and by metadata', () => {
    assert.match(
      goodGap('http_server_requests_seconds_bucket{job="basket",le="500"}', le('500'), milliseconds),
      /^http_server_requests_seconds_bucket is in seconds by its name, and milliseconds was said: the goal of 500 milliseconds would be le="0\.5" in it; say unit: seconds and select that$/,
    );
    const families = [{ family: 'd', type: 'histogram', unit: 'seconds' }];
    assert.match(
      goodGap('d_bucket{job="basket",le="500"}', { ...le('5', '500', '1000'), families }, milliseconds),
      /is in seconds by its metadata/,
    );
    const ms = [{ family: 'd_seconds', type: 'histogram', unit: 'milliseconds' }];
    assert.match(
      goodGap('d_seconds_bucket{job="basket",le="0.5"}', { ...le('0.5', '5'), families: ms }),
      /is in milliseconds by its metadata, but in seconds by its name/,
    );
    assert.equal(
      goodGap(
        'kong_request_latency_ms_bucket{job="basket",le="400"}',
        le('25', '400', '60000'),
        milliseconds,
      ),
      'none',
    );
  });

  it('should be shown by the boundaries where nothing else shows it', () => {
    const good = 'd_bucket{job="basket",le="500"}';
    assert.equal(goodGap(good, le('5', '500', '1000', '+Inf'), milliseconds), 'none');
    assert.match(
      goodGap('d_bucket{job="basket",le="10"}', le('0.005', '1', '10'), { ...milliseconds, atMost: 10 }),
      /d_bucket cannot be in milliseconds: its last boundary, 10, would be 10 ms/,
    );
    assert.match(
      goodGap('d_bucket{job="basket",le="5"}', le('1', '5', '60000'), {
        ...milliseconds,
        unit: 'seconds',
        atMost: 5,
      }),
      /cannot be in seconds: its last boundary, 60000, would be 17 hours/,
    );
    assert.match(
      goodGap(good, le('100', '500', '700'), milliseconds),
      /says its unit neither by its name nor by its metadata/,
    );
    assert.match(
      goodGap('d_seconds_bucket{job="basket",le="5"}', le('5', '500', '60000')),
      /cannot be in seconds/,
    );
  });
});

describe('a unit that its name hides', () => {
  const SECONDS = { unit: 'seconds', atMost: 5, advice: null } as const;
  const bucket = (metric: string, edge: string): string => `${metric}_bucket{job="basket",le="${edge}"}`;

  it('should be doubted where boundaries in seconds are the round numbers of milliseconds', () => {
    const ladder = le('5', '10', '25', '50', '100', '250', '500', '1000', '2500', '5000', '+Inf');
    for (const histogram of [null, SECONDS])
      assert.match(
        goodGap(bucket('http_request_duration_seconds', '5'), ladder, histogram),
        /cannot be in seconds: they are as they are given in milliseconds, such as the default ones of OpenTelemetry/,
      );
    // Jobs that take minutes, and powers of two.
    const minutes = le('1', '5', '15', '60', '300', '600', '1800', '3600');
    assert.equal(goodGap(bucket('job_duration_seconds', '5'), minutes), 'none');
    const powers = le('1', '2', '4', '8', '64', '128', '256', '512', '1024');
    assert.equal(goodGap(bucket('job_duration_seconds', '4'), powers), 'none');
  });

  it('should be doubted where boundaries in milliseconds begin with thousandths', () => {
    const inSeconds = le('0.005', '0.01', '0.1', '1', '10', '60', '300');
    assert.match(
      goodGap(bucket('request_duration_ms', '300'), inSeconds, {
        ...SECONDS,
        unit: 'milliseconds',
        atMost: 300,
      }),
      /cannot be in milliseconds: its first boundary, 0\.005, would be 5 µs/,
    );
    const fast = le('0.1', '0.5', '1', '5', '10', '100', '500');
    const half = { ...SECONDS, unit: 'milliseconds', atMost: 500 } as const;
    assert.equal(goodGap(bucket('request_duration_ms', '500'), fast, half), 'none');
  });

  it('should be read from names and metadata as OpenTelemetry, Go and Java write them', () => {
    const edges = le('0.1', '5', '10', '+Inf');
    const ofUnit = (unit: string): Partial<There> => ({
      ...edges,
      families: [{ family: 'd', type: 'histogram', unit }],
    });
    for (const unit of ['s', 'seconds', 'second'])
      assert.equal(goodGap(bucket('d', '5'), ofUnit(unit), SECONDS), 'none', unit);
    for (const unit of ['ms', 'milliseconds', 'min', 'us', 'ns'])
      assert.match(
        goodGap(bucket('d', '5'), ofUnit(unit), SECONDS),
        /by its metadata, and seconds was said/,
        unit,
      );
    assert.equal(goodGap(bucket('latency_s', '5'), edges, SECONDS), 'none');
    assert.match(goodGap(bucket('latency_msec', '5'), edges, SECONDS), /is in milliseconds by its name/);
  });

  it('should not be taken from the metadata of another target', () => {
    const both = ['seconds', 'milliseconds'].map((unit) => ({ family: 'd', type: 'histogram', unit }));
    assert.equal(
      goodGap(bucket('d', '5'), { ...le('0.1', '1', '5', '10'), families: both }, SECONDS),
      'none',
      'the boundaries tell',
    );
    const gauges = ['gauge', 'counter'].map((type) => ({ family: 'requests', type, unit: '' }));
    const one = objective({ total: 'requests{job="basket"}', bad: 'requests{job="basket",status="500"}' });
    assert.equal(
      gapOf(
        one,
        seen('requests{job="basket"}', { families: gauges }),
        seen('requests{job="basket",status="500"}', { selected: false }),
      ),
      'none',
    );
  });

  it('should be said to be unknown of a name in braces, with what can be done', () => {
    const named = (total: string): string => {
      const bad = total.replace('}', ',a="b"}');
      return gapOf(objective({ total, bad }), seen(total), seen(bad));
    };
    assert.match(named('{"http.server.request.duration_count",job="a"}'), /otlp\.translation_strategy/);
    assert.match(named('{__name__="http.server.duration_count",job="a"}'), /otlp\.translation_strategy/);
    assert.match(named('{__name__="requests_total",job="a"}'), /write the name before the braces$/);
    assert.match(named('{job="a"}'), /write the name before the braces$/);
  });
});

describe('the boundaries of a histogram', () => {
  const half = { unit: 'seconds', atMost: 0.5, advice: 'set the buckets' } as const;

  it('should have the goal among them', () => {
    assert.match(
      goodGap(BUCKET, le('0.1', '0.3', '1.2', '5', '+Inf'), half),
      /has no boundary le="0\.5": the goal lies between 0\.3 \(300 ms\) and 1\.2 \(1\.2 s\), and where between them a request lies is not counted; take one of them for the goal, or set the buckets$/,
    );
    assert.match(
      goodGap(BUCKET, le('0.05', '0.25'), half),
      /its highest is 0\.25 \(250 ms\), below the goal/,
    );
    assert.match(goodGap(BUCKET, le('1', '2.5'), half), /its lowest is 1 \(1 s\), above the goal/);
    assert.match(goodGap(BUCKET, le('+Inf'), half), /it has none but infinity/);
    assert.match(
      goodGap(BUCKET, le('0.1', '1')),
      /select one of them, or have the service count at that boundary/,
    );
  });

  it('should be selected in both ways in which it was written within the window', () => {
    const both = le('0.5', '1', '1.0', '5', '5.0');
    assert.match(
      goodGap('http_server_requests_seconds_bucket{job="basket",le="1"}', both),
      /has the boundary le="1" written le="1\.0" as well \(Prometheus 3 writes 1\.0 for 1\).*select both/,
    );
    assert.equal(goodGap('http_server_requests_seconds_bucket{job="basket",le=~"1|1[.]0"}', both), 'none');
  });

  it('should be named where it is written in another way', () => {
    const good = 'http_server_requests_seconds_bucket{job="basket",le="1"}';
    assert.match(goodGap(good, le('0.5', '1.0')), /but the same written le="1\.0": select that/);
    assert.equal(
      goodGap('http_server_requests_seconds_bucket{job="basket",le=~"1|1[.]0"}', le('0.5', '1.0')),
      'none',
    );
  });
});

describe('selectorsIn', () => {
  const texts = (query: string): string[] => selectorsIn(query).map(({ text }) => text);

  it('should find the selectors of an expression, and no function, label or word', () => {
    assert.deepEqual(texts('a{b="c}",d=~"e"}'), ['a{b="c}",d=~"e"}']);
    assert.deepEqual(
      texts('sum by (job, le) (rate(a_total{x="1"}[5m] offset 1h)) / on (job) group_left (y) b:c'),
      ['a_total{x="1"}', 'b:c'],
    );
    assert.deepEqual(texts('sum(a) without (b) > bool 0.5 and c or vector(0) unless d'), ['a', 'c', 'd']);
    assert.deepEqual(texts('histogram_quantile(0.9, sum(rate(a[5m:1m])) by (le)) @ end()'), ['a']);
    assert.deepEqual(texts('label_replace(up{job="a"}, "b", "$1", "c", "d{e}")'), ['up{job="a"}']);
    assert.deepEqual(texts('{__name__="a"} + a + a'), ['{__name__="a"}', 'a']);
    assert.deepEqual(texts('max(a{}) * 1e3'), ['a{}']);
    assert.deepEqual(texts(''), []);
  });

  it('should read metric and matchers', () => {
    const [first] = selectorsIn('sum(rate(a{b!="c"}[1m]))');
    assert.deepEqual([first?.metric, first?.matchers], ['a', [{ label: 'b', op: '!=', value: '"c"' }]]);
  });
});
