/** Which objectives a draft proposes. TODO, where it stands here, is what a draft says to its user (probes/drafting.ts). */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { readTemplates } from '../objectives/load.ts';
import { resolveObjectives } from '../objectives/resolve.ts';
import type { EnvironmentFile } from '../schema.ts';
import { parseYaml } from '../yaml-source.ts';
import { ListingApiServer } from './_testing/api-server.ts';
import type { Stood } from './_testing/api-server.ts';
import { draftedOn } from './_testing/drafted.ts';
import type { Drafted } from './_testing/drafted.ts';
import { ingress, namespace, node, objectAt, service, workload } from './_testing/objects.ts';
import type { Shape } from './_testing/objects.ts';

const server = await ListingApiServer.forTests();

const LIBRARY = readTemplates(path.join(import.meta.dirname, '../..'));

async function drafted(...objects: readonly Stood[]): Promise<Drafted> {
  const found = await draftedOn(server, [namespace('shop'), node('w-1', {}), ...objects]);
  assert.deepEqual(found.file.objectives, []); // all of them are commented out
  return found;
}

/** As the loader resolves them against the templates of this repository. @throws EnvironmentError for one that does not load */
function resolved({ whole, completed }: { whole: string; completed: EnvironmentFile }): string[] {
  const source = parseYaml(whole, 'env/shop.yaml');
  return resolveObjectives(completed.objectives, LIBRARY, { source, kind: 'staging' }).map(
    ({ name, stated, service: of }) => `${name} of ${of}: ${stated}`,
  );
}

function api(of: Partial<Shape> = {}, at = 'shop/api'): Stood[] {
  const name = at.split('/')[1] ?? '';
  return [
    ...workload({ kind: 'Deployment', at, image: 'registry.example.com/shop/own:1', replicas: 2, ...of }),
    labelled(service(at, { http: 8080 }, { 'app.kubernetes.io/name': name }), { app: name }),
  ];
}

function labelled(one: Stood, labels: object): Stood {
  return { ...one, metadata: { ...one.metadata, labels } };
}

const PROMETHEUS: readonly Stood[] = [
  ...workload({ kind: 'StatefulSet', at: 'shop/prometheus', image: 'quay.io/prometheus/prometheus:v3' }),
  service('shop/prometheus', { http: 9090 }, { 'app.kubernetes.io/name': 'prometheus' }),
];

/** Pods such as api-6b7c9d5f4-x8k2p, and not api-gateway-6b7c9d5f4-x8k2p. */
const OF_API = 'namespace="shop",pod=~"api-[a-z0-9]+-[a-z0-9]{5}"';

function selectors({ completed }: Drafted): (string | undefined)[] {
  return [...new Set(completed.objectives.map(({ selector }) => selector))];
}

const MONITORING = 'monitoring.coreos.com/v1';
const SPRING: Readonly<Record<string, readonly Stood[]>> = {
  'an annotation': api({ annotations: { 'prometheus.io/path': '/actuator/prometheus' } }),
  'a ServiceMonitor': [
    ...api(),
    objectAt(MONITORING, 'ServiceMonitor', 'shop/all', {
      selector: { matchLabels: { app: 'api' } },
      endpoints: [{ port: 'http', path: '/actuator/prometheus' }],
    }),
  ],
  'a PodMonitor of every namespace': [
    ...api(),
    objectAt(MONITORING, 'PodMonitor', 'watching/all', {
      selector: {},
      namespaceSelector: { any: true },
      podMetricsEndpoints: [{ port: 'http', path: '/actuator/prometheus' }],
    }),
  ],
  'a probe': api({ probe: '/actuator/health/readiness' }),
};
for (const [sign, objects] of Object.entries(SPRING))
  test(`should propose the template micrometer by ${sign}, with nothing but goals to decide`, async () => {
    const found = await drafted(...PROMETHEUS, ...objects);
    assert.deepEqual(resolved(found), [
      'api-requests of api: template micrometer',
      'api-latency of api: template micrometer',
    ]);
    assert.deepEqual(selectors(found), [`${OF_API},uri!~"/actuator.*"`]);
    const section = found.text.slice(
      found.text.indexOf('# objectives:'),
      found.text.indexOf('# prometheus:'),
    );
    const marked = section.split('\n').filter((line) => line.includes('# TODO'));
    assert.deepEqual(marked.map((line) => line.replace(/^# +(.*) # TODO.*$/, '$1')).slice(0, 2), [
      'target: 0.999',
      'target: 0.99',
    ]);
  });

test('should not take for its own a monitor of other services, or of another namespace', async () => {
  const monitor = (at: string, selector: object): Stood =>
    objectAt(MONITORING, 'ServiceMonitor', at, { selector, endpoints: [{ path: '/actuator/prometheus' }] });
  const found = await drafted(
    ...PROMETHEUS,
    ...api(),
    monitor('shop/other', { matchLabels: { app: 'other' } }),
    monitor('elsewhere/api', {}),
  );
  assert.deepEqual(
    found.completed.objectives.map(({ template }) => template),
    ['opentelemetry'],
  );
  assert.match(
    found.text,
    /TODO which names have its metrics\? GET http:\/\/prometheus\.shop\.svc:9090\/api\/v1\/label/,
  );
  assert.equal(resolved(found).length, 1);
  assert.deepEqual(selectors(found), [OF_API]);
});

test('should propose istio by the sidecar, and OpenTelemetry by what injects it', async () => {
  const annotations = { 'instrumentation.opentelemetry.io/inject-java': 'true' };
  const found = await drafted(
    ...PROMETHEUS,
    ...api({ beside: { 'istio-proxy': 'docker.io/istio/proxyv2:1.28' } }),
    ...api({ annotations }, 'shop/basket'),
  );
  assert.deepEqual(resolved(found), [
    'api-requests of api: template istio',
    'api-latency of api: template istio',
    'basket-requests of basket: template opentelemetry',
    'basket-latency of basket: template opentelemetry',
  ]);
  assert.equal(selectors(found)[1], 'job=~"(shop/)?basket"');
});

test('should select a job by the namespace that its telemetry has, and mark one that others may have without any', async () => {
  const annotations = {
    'instrumentation.opentelemetry.io/inject-java': 'true',
    'resource.opentelemetry.io/service.namespace': 'sales',
  };
  const found = await drafted(...PROMETHEUS, ...api({ annotations }), ...api({}, 'other/api'));
  assert.deepEqual(selectors(found), ['job=~"(sales/)?api"']);
  assert.match(found.text, /# TODO a job api without a namespace may be any of 2 workloads of this name/);
});

const CONTROLLERS: readonly [image: string, template: string, selector: string][] = [
  ['registry.k8s.io/ingress-nginx/controller:v1.13.0', 'ingress-nginx', 'ingress="entry"'],
  ['docker.io/library/traefik:v3.5', 'traefik', 'service=~"shop-api-(http|8080)@kubernetes.*"'],
  ['docker.io/library/kong:3.9', 'kong', 'service=~"shop[.]api[.].+"'],
];
for (const [image, template, selector] of CONTROLLERS)
  test(`should propose the template ${template} for what its controller leads to`, async () => {
    const paths = [{ path: '/', backend: { service: { name: 'api' } } }];
    const entry = ingress('shop/entry', 'shop.example.com');
    const found = await drafted(
      ...PROMETHEUS,
      ...api(),
      ...api({}, 'shop/inner'),
      ...workload({ kind: 'Deployment', at: 'edge/controller', image }),
      { ...entry, spec: { rules: [{ host: 'shop.example.com', http: { paths } }] } },
    );
    assert.deepEqual(resolved(found), [
      `api-requests of api: template ${template}`,
      `api-latency of api: template ${template}`,
    ]);
    assert.deepEqual(selectors(found), [selector]);
    const isMarked = /selector: .*# TODO of which namespace and service\?/.test(found.text);
    assert.equal(isMarked, template === 'ingress-nginx', 'an Ingress of this name may be there twice');
  });

test('should propose none where there is no Prometheus, unless something says that one scrapes', async () => {
  const silent = await drafted(...api({ probe: '/actuator/health' }));
  assert.deepEqual(silent.completed.objectives, []);
  assert.equal(silent.completed.prometheus, undefined);
  const annotations = { 'prometheus.io/scrape': 'true', 'prometheus.io/path': '/actuator/prometheus' };
  const scraped = await drafted(...api({ annotations }));
  assert.equal(resolved(scraped).length, 2);
  assert.match(scraped.text, /TODO no Prometheus was recognised, but objects say that one scrapes/);
  assert.ok(scraped.completed.prometheus);
});

test('should tell services of one name apart, and count those beyond ten', async () => {
  const annotations = { 'prometheus.io/path': '/actuator/prometheus' };
  const many = Array.from({ length: 11 }, (_, at) => api({ annotations }, `shop/service-${at}`)).flat();
  const found = await drafted(...PROMETHEUS, ...many, ...api({ annotations }, 'other/service-0'));
  assert.equal(found.completed.objectives.length, 20);
  assert.match(found.text, /2 further services look so, too/);
  assert.ok(found.completed.objectives.some(({ name }) => name === 'other-service-0-requests'));
  assert.equal(resolved(found).length, 20);
});
