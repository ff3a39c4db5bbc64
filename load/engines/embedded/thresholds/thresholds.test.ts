import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MetricRegistry } from '../metrics/registry.ts';
import { MetricTotals } from '../metrics/totals.ts';
import { Thresholds } from './thresholds.ts';

function judged(
  metric: string,
  expression: string,
  fill: (registry: MetricRegistry) => void = () => undefined,
): boolean | null {
  const registry = new MetricRegistry();
  registry.addSubMetrics([metric]);
  fill(registry);
  const totals = new MetricTotals();
  totals.declare(registry.specs());
  totals.merge(registry.take());
  const specs = [{ metric, expression, abortOnFail: false, delayAbortMs: 0 }];
  return new Thresholds(specs, totals).judge(10)[0]?.ok ?? null;
}

describe('a threshold', () => {
  const hundred = (registry: MetricRegistry): void => {
    for (let n = 1; n <= 100; n++) {
      registry.built.http_req_duration.add(n, {
        tag: (name) => (name === 'name' ? (n % 2 ? 'odd' : 'even') : undefined),
      });
      registry.built.http_req_failed.add(n <= 5 ? 1 : 0, null);
      registry.built.http_reqs.add(1, null);
      registry.built.vus.add(n, null);
    }
  };
  const cases: [metric: string, expression: string, ok: boolean][] = [
    ['http_req_duration', 'p(95)<95.2', true],
    ['http_req_duration', 'p(95)<95', false],
    ['http_req_duration', 'avg == 50.5', true],
    ['http_req_duration', 'max<=100', true],
    ['http_req_duration', 'min>1', false],
    ['http_req_duration', 'med != 50.5', true],
    ['http_req_duration{name:odd}', 'max<100', true],
    ['http_req_duration{ name:"even" }', 'max<100', false],
    ['http_req_failed', 'rate<=0.05', true],
    ['http_req_failed', 'rate<5e-2', false],
    ['http_reqs', 'count>=100', true],
    ['http_reqs', 'rate===10', true],
    ['vus', 'value==100', true],
  ];
  for (const [metric, expression, ok] of cases)
    it(`should be ${ok ? 'met' : 'failed'}: ${metric} ${expression}`, () =>
      assert.equal(judged(metric, expression, hundred), ok));

  it('should take 0 for what has no sample, but no rate of nothing', () => {
    assert.equal(judged('http_req_duration', 'p(95)<1'), true);
    assert.equal(judged('http_req_duration', 'min>0'), false);
    assert.equal(judged('http_req_duration{name:none}', 'p(95)>=1', hundred), false);
    assert.equal(judged('http_reqs', 'count>0'), false);
    assert.equal(judged('http_reqs', 'rate<1'), true);
    assert.equal(judged('vus', 'value==0'), true);
    assert.equal(judged('http_req_failed', 'rate<0.1'), null);
    assert.equal(judged('http_req_failed{name:none}', 'rate>0.1', hundred), null);
  });

  it('should end a load only where there is a sample, and after its delay', () => {
    const registry = new MetricRegistry();
    const totals = new MetricTotals();
    totals.declare(registry.specs());
    const spec = { metric: 'http_reqs', expression: 'count<0', abortOnFail: true, delayAbortMs: 3000 };
    const thresholds = new Thresholds([spec], totals);
    assert.equal(thresholds.abort(10_000), null);
    registry.built.http_reqs.add(1, null);
    totals.merge(registry.take());
    assert.equal(thresholds.abort(3000), null);
    assert.match(thresholds.abort(3001) ?? '', /"count<0" on http_reqs/);
  });

  it('should be refused by name', () => {
    assert.throws(() => judged('http_req_duration', 'p(101)<1'), /p\(101\)<1/);
    assert.throws(() => judged('http_req_duration', 'p95<1'), /expected avg, min/);
    assert.throws(() => judged('http_req_duration', 'rate<1'), /a trend has no rate/);
    assert.throws(() => judged('no_such', 'rate<1'), /no metric name "no_such" found/);
  });
});
