import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { objectiveSchema } from '../../reports/record/telemetry/objective.ts';
import type { Objective } from '../../reports/record/telemetry/objective.ts';
import { loadEnvironment } from '../loader.ts';
import { readTemplates } from './index.ts';
import { objectiveRules } from './rules.ts';
import { inUnit, parseTemplate } from './template.ts';

const CHECKOUT = path.join(import.meta.dirname, '../..');
const TEMPLATES = path.join(import.meta.dirname, 'templates');
const folder = mkdtempSync(path.join(tmpdir(), 'plumbline-templates-'));
after(() => rmSync(folder, { recursive: true }));

/** The objectives of an environment file that extends staging. */
async function load(...objectives: string[]): Promise<readonly Objective[]> {
  const file = path.join(folder, 'shop.yaml');
  const base = path.relative(folder, path.join(import.meta.dirname, '../staging.yaml'));
  writeFileSync(
    file,
    `extends: ${base}\nname: shop\nobjectives:\n${objectives.map((one) => `  - ${one}\n`).join('')}`,
  );
  const loaded = (await loadEnvironment(file)).objectives;
  objectiveSchema.array().parse(loaded);
  return loaded;
}

const SHOP = 'service: basket, selector: \'job="basket"\', target: 0.99';

describe('the templates', () => {
  it('should all be read, each with its sources, and only our own platform has answered one', () => {
    const templates = readTemplates(CHECKOUT);
    assert.deepEqual(
      [...templates.keys()],
      [
        'ingress-nginx',
        'istio',
        'istio-source',
        'kong',
        'micrometer',
        'opentelemetry',
        'opentelemetry-old',
        'reference',
        'traefik',
      ],
    );
    const met = [...templates.values()].filter(({ metWith }) => metWith !== null);
    assert.deepEqual(
      met.map(({ name }) => name),
      ['reference'],
    );
  });

  it('should name metrics whose suffix says the unit that the template states', () => {
    for (const { name, duration } of readTemplates(CHECKOUT).values()) {
      const suffix = duration.unit === 'seconds' ? /_seconds_bucket$/ : /_(milliseconds|ms)_bucket$/;
      assert.match(duration.bucket, suffix, name);
      assert.equal(duration.count, duration.bucket.replace(/_bucket$/, '_count'), name);
    }
  });

  it('should say of gateways and clients that they count, and not the pods of the service', () => {
    const elsewhere = [...readTemplates(CHECKOUT).values()].filter(
      ({ countedElsewhere }) => countedElsewhere,
    );
    assert.deepEqual(
      elsewhere.map(({ name }) => name),
      ['ingress-nginx', 'istio-source', 'kong', 'traefik'],
    );
  });

  it('should refuse what is not one, with its place', () => {
    const text = readFileSync(path.join(TEMPLATES, 'kong.yaml'), 'utf8');
    const problems = (changed: string, file = 'templates/kong.yaml'): string => {
      try {
        parseTemplate(changed, file);
      } catch (error) {
        return (error as Error).message;
      }
      return 'taken';
    };
    assert.equal(problems(text), 'taken');
    assert.match(
      problems(text.replace('unit: milliseconds', 'unit: ms')),
      /kong\.yaml:\d+:\d+: duration\.unit: unknown value/,
    );
    assert.match(problems(text.replace('failed:', 'fail:')), /found "fail" \(did you mean "failed"\?\)/);
    assert.match(problems(text, 'templates/other.yaml'), /differs from the name of the file/);
    assert.match(problems('name: ['), /not valid YAML/);
  });
});

describe('an objective by a template', () => {
  it('should have the queries of its kind, with its selector', async () => {
    const [requests, latency, rate] = await load(
      `{ name: a, template: micrometer, indicator: requests, ${SHOP} }`,
      `{ name: b, template: istio, indicator: latency, atMost: 1s, ${SHOP} }`,
      `{ name: c, template: kong, indicator: throughput, value: 3, slice: { target: 0.9 }, ${SHOP} }`,
    );
    assert.deepEqual(requests?.indicator, {
      kind: 'ratio',
      counter: true,
      good: null,
      bad: 'http_server_requests_seconds_count{job="basket",outcome="SERVER_ERROR"}',
      total: 'http_server_requests_seconds_count{job="basket"}',
    });
    assert.deepEqual([requests.stated, requests.notMet], ['template micrometer', 'template micrometer']);
    assert.deepEqual([requests.countedElsewhere, rate?.countedElsewhere], [undefined, true]);
    assert.deepEqual(requests.window, { kind: 'rolling', ms: 2_592_000_000 });
    assert.deepEqual(latency?.indicator, {
      kind: 'ratio',
      counter: true,
      bad: null,
      good: 'istio_request_duration_milliseconds_bucket{reporter="destination",job="basket",le=~"1000|1000[.]0"}',
      total: 'istio_request_duration_milliseconds_count{reporter="destination",job="basket"}',
    });
    assert.deepEqual(rate?.indicator, {
      kind: 'threshold',
      op: 'gte',
      value: 3,
      query: 'sum(rate(kong_http_requests_total{job="basket",code!~"5.."}[1m]))',
    });
    assert.deepEqual([rate.method, rate.slice], ['Timeslices', { target: 0.9, ms: 60_000 }]);
  });

  it('should take the rate of a throughput over at least four scrapes', async () => {
    const [rate] = await load(
      `{ name: c, template: kong, indicator: throughput, value: 3, slice: { target: 0.9 }, ${SHOP} }\nprometheus: { url: https://prometheus.example.com, scrapeSeconds: 60 }`,
    );
    assert.match(rate?.indicator.kind === 'threshold' ? rate.indicator.query : '', /\[240s\]\)\)$/);
  });

  it("should see requests that reached no server by what clients report, and say of the server's report that it does not", async () => {
    const shared = 'indicator: requests, service: basket, target: 0.99';
    const byService = `selector: 'destination_service="basket.shop.svc.cluster.local"'`;
    const [client, server] = await load(
      `{ name: a, template: istio-source, ${shared}, ${byService} }`,
      `{ name: b, template: istio, ${shared}, ${byService} }`,
    );
    assert.deepEqual(client?.indicator, {
      kind: 'ratio',
      counter: true,
      good: null,
      bad: 'istio_requests_total{reporter="source",destination_service="basket.shop.svc.cluster.local",response_code=~"5.."}',
      total: 'istio_requests_total{reporter="source",destination_service="basket.shop.svc.cluster.local"}',
    });
    assert.match(server?.unseen ?? '', /requests that reach no server.*istio-source/);
    const [group] = objectiveRules({ name: 'shop', objectives: [server as Objective] });
    const alert = group?.rules.find((rule) => rule.alert !== undefined);
    assert.match(alert?.annotations?.['description'] ?? '', /^Not counted: requests that reach no server/);
  });
});

describe('an objective stated in full', () => {
  it('should have its queries as they stand', async () => {
    const [ratio, number] = await load(
      '{ name: a, title: Basket, service: basket, target: 0.95, queries: { good: \'d_bucket{job="b",le="500"}\', total: \'d_count{job="b"}\' } }',
      '{ name: b, service: basket, target: 0.95, value: 0.2, slice: { target: 1, length: 5m }, window: 7d, queries: { value: max(queue), op: lte } }',
    );
    assert.deepEqual(ratio?.indicator, {
      kind: 'ratio',
      counter: true,
      bad: null,
      good: 'd_bucket{job="b",le="500"}',
      total: 'd_count{job="b"}',
    });
    assert.deepEqual([ratio.title, ratio.stated], ['Basket', 'environment file']);
    assert.deepEqual(number?.indicator, { kind: 'threshold', query: 'max(queue)', op: 'lte', value: 0.2 });
    assert.deepEqual(number.window, { kind: 'rolling', ms: 604_800_000 });
  });
});

describe('inUnit', () => {
  it('should bring durations into the unit of a histogram, without what floating point adds', () => {
    assert.equal(inUnit('500ms', 'seconds'), 0.5);
    assert.equal(inUnit('447.392426ms', 'seconds'), 0.447392426);
    assert.equal(inUnit('1.5s', 'milliseconds'), 1500);
    assert.equal(inUnit('1m', 'seconds'), 60);
    assert.equal(inUnit('250us', 'milliseconds'), 0.25);
    assert.throws(() => inUnit('5', 'seconds'), RangeError);
  });
});
