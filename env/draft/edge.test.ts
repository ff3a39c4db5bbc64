/** What a draft says of the edge, and of what scales behind it. TODO, where it stands here, is what a draft says to its user (probes/drafting.ts). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EnvironmentFile } from '../schema.ts';
import { ListingApiServer } from './_testing/api-server.ts';
import type { Stood } from './_testing/api-server.ts';
import { draftedOn } from './_testing/drafted.ts';
import type { Drafted } from './_testing/drafted.ts';
import { autoscaler, ingress, namespace, node, objectAt, service, workload } from './_testing/objects.ts';
import { FURTHER } from './listing.ts';

const server = await ListingApiServer.forTests();

const drafted = (...objects: readonly Stood[]): Promise<Drafted> => draftedOn(server, [...BASE, ...objects]);

const named = (name: string) => ({ 'app.kubernetes.io/name': name });

function deployment(at: string, image = 'registry.example.com/shop/own:1', replicas = 2): Stood[] {
  return workload({ kind: 'Deployment', at, image, replicas });
}

/** An application of two Deployments, without any way in. */
const BASE: readonly Stood[] = [
  ...['kube-system', 'shop', 'edge'].map(namespace),
  node('w-1', { 'example.com/pool': 'general' }),
  ...deployment('shop/api'),
  service('shop/api', { http: 8080 }, named('api')),
  ...deployment('shop/worker'), // no Service leads to it
];

function exposed(one: Stood, ...addresses: object[]): Stood {
  const spec = { ...(one['spec'] as object), type: 'LoadBalancer' };
  return { ...one, spec, status: { loadBalancer: { ingress: addresses } } };
}

function edgeOf({ completed }: { completed: EnvironmentFile }) {
  return completed.topology.edge ?? assert.fail('no edge');
}

test('should draft no edge where nothing takes requests from outside', async () => {
  const { completed, file } = await drafted();
  assert.equal(completed.topology.edge, undefined);
  assert.equal(completed.application, undefined);
  assert.equal(file.namespaces.edge, 'shop');
});

const PROXIES: readonly [image: string, hop: string][] = [
  ['docker.io/library/haproxy:3.0', 'via: haproxy'],
  ['docker.io/nginxinc/nginx-unprivileged:1.29', 'server: nginx'],
  ['envoyproxy/envoy:v1.36', 'server: envoy'],
  ['kong/kong-gateway:3.9', 'via: kong'],
  ['docker.io/istio/proxyv2:1.28', 'server: istio-envoy'],
];
for (const [image, hop] of PROXIES)
  test(`should take a Deployment of ${image} with a port of the web for the edge`, async () => {
    const found = await drafted(
      ...deployment('edge/door', image),
      service('edge/door', { https: 8443, admin: 9000 }, named('door'), '10.96.0.7'),
    );
    const edge = edgeOf(found);
    assert.equal(found.file.namespaces.edge, 'edge');
    assert.deepEqual([edge.url, edge.address], ['https://door.edge.svc.cluster.local', '10.96.0.7:8443']);
    assert.deepEqual(
      edge.hops.map(({ header, contains }) => `${header}: ${contains}`),
      [hop],
    );
    assert.deepEqual(edge.backend?.deployment, { namespace: 'shop', name: 'api' });
    assert.equal(edge.trust, 'system');
    assert.match(found.text, /# +trust: system # TODO or \{ file \}/);
  });

test('should not take for the edge what has no port of the web, is beside a server, or is a store', async () => {
  const image = 'docker.io/library/haproxy:3.0';
  const { completed } = await drafted(
    ...deployment('edge/postgres-proxy', image),
    service('edge/postgres-proxy', { postgresql: 5432 }, named('postgres-proxy')),
    ...workload({ kind: 'Deployment', at: 'shop/web', image: 'own/web:1', beside: { proxy: image } }),
    service('shop/web', { http: 80 }, named('web')),
    ...workload({ kind: 'StatefulSet', at: 'edge/cache', image: 'docker.io/library/nginx:1.29' }),
    service('edge/cache', { http: 80 }, named('cache')),
  );
  assert.equal(completed.topology.edge, undefined);
});

test('should take what is reached from outside before another proxy, and name both', async () => {
  const found = await drafted(
    ...deployment('shop/pages', 'docker.io/library/nginx:1.29'),
    service('shop/pages', { http: 80 }, named('pages')),
    ...deployment('edge/door', 'docker.io/library/haproxy:3.0'),
    exposed(service('edge/door', { http: 80 }, named('door')), { hostname: 'lb.example.com' }),
  );
  const edge = edgeOf(found);
  assert.deepEqual([edge.url, edge.address], ['http://door.edge.svc.cluster.local', 'lb.example.com:80']);
  assert.match(
    found.text,
    /At the edge: Deployment edge\/door \(HAProxy\), Deployment shop\/pages \(NGINX\)/,
  );
});

test('should take an application that a load balancer leads to for edge and backend', async () => {
  const found = await drafted(
    exposed(service('shop/public', { https: 443 }, named('worker')), { ip: '192.0.2.7' }),
  );
  const edge = edgeOf(found);
  assert.deepEqual([edge.url, edge.address], ['https://public.shop.svc.cluster.local', '192.0.2.7:443']);
  assert.deepEqual(edge.backend?.deployment, { namespace: 'shop', name: 'worker' });
});

test('should mark the backend where several may be it, the one that is scaled first', async () => {
  const found = await drafted(
    ...deployment('edge/door', 'docker.io/library/haproxy:3.0'),
    service('edge/door', { http: 80 }, named('door')),
    ...deployment('shop/basket'),
    service('shop/basket', { http: 8080 }, named('basket')),
    autoscaler('shop/basket', 'basket', [2, 9]),
  );
  assert.deepEqual(edgeOf(found).backend?.deployment.name, 'basket');
  assert.match(
    found.text,
    /deployment: .*basket.* # TODO what answers at the end of the chain\? Also there: Deployment shop\/api$/m,
  );
  assert.match(found.text, /TODO a guess; requests a second that its fewest pods carry easily/);
  assert.equal(edgeOf(found).backend?.scaling.scaledObject, undefined);
});

/** Applications of three teams, each with an Ingress; Argo CD with a Redis of its own. */
const TEAMS: readonly Stood[] = [
  ...['argocd', 'billing'].map(namespace),
  ...deployment('argocd/argocd-server', 'quay.io/argoproj/argocd:v3.2', 1),
  service('argocd/argocd-server', { https: 443 }, named('argocd-server')),
  ...deployment('argocd/argocd-redis', 'docker.io/library/redis:8', 1),
  ingress('argocd/argocd-server', 'argocd.example.com'),
  ...deployment('billing/invoices'),
  service('billing/invoices', { http: 80 }, named('invoices')),
  ingress('billing/invoices', 'invoices.example.com'),
  ingress('shop/api', 'shop.example.com', false),
];

test('should take the host of the application beside the stores, not the first by name', async () => {
  const orders = workload({ kind: 'StatefulSet', at: 'shop/orders', image: 'docker.io/library/postgres:17' });
  const found = await drafted(...TEAMS, ...orders);
  const edge = edgeOf(found);
  assert.equal(edge.url, 'http://shop.example.com');
  assert.deepEqual(edge.backend?.deployment, { namespace: 'shop', name: 'api' });
  assert.doesNotMatch(found.text, /TODO what answers at the end of the chain/);
  assert.equal(found.file.namespaces.platform, 'shop');
  assert.match(found.text, /Hosts: shop\.example\.com \(Ingress shop\/api\), invoices\.example\.com /);
});

test('should mark the backend where nothing tells whose host is the platform', async () => {
  const found = await drafted(...TEAMS, autoscaler('billing/invoices', 'invoices', [2, 9]));
  assert.deepEqual(edgeOf(found).backend?.deployment, { namespace: 'billing', name: 'invoices' });
  assert.match(
    found.text,
    /TODO what answers at the end of the chain\? Also there: Deployment shop\/api, Deployment argocd\/argocd-server$/m,
  );
  // Whoever names the namespaces of the platform has told.
  const told = await draftedOn(server, [...BASE, ...TEAMS], { namespaces: ['shop'] });
  assert.deepEqual(edgeOf(told).backend?.deployment, { namespace: 'shop', name: 'api' });
  assert.doesNotMatch(told.text, /TODO what answers at the end of the chain/);
});

test('should take the namespace of the application for that of the platform, not one with more stores', async () => {
  const store = (at: string, image: string): Stood[] => workload({ kind: 'StatefulSet', at, image });
  const databases = [
    namespace('data'),
    ...store('data/orders', 'docker.io/library/postgres:17'),
    ...store('data/carts', 'docker.io/library/redis:8'),
  ];
  const found = await drafted(...databases, ingress('shop/api', 'shop.example.com'));
  assert.equal(found.file.namespaces.platform, 'shop');
  assert.match(found.text, /platform: shop # where Deployment shop\/api is, which answers behind the edge\n/);
  const unknown = await drafted(...databases);
  assert.equal(unknown.file.namespaces.platform, 'data');
  assert.match(unknown.text, /platform: data # .*: this has the most stores \(2\)\n/);
  const alone = await drafted();
  assert.match(alone.text, /namespaces: \{ platform: shop, edge: shop \}\n/);
});

test('should follow an Ingress to the application behind its host', async () => {
  const found = await drafted(
    ...deployment('shop/basket'),
    service('shop/basket', { http: 80 }, named('basket')),
    ingress('shop/basket', 'basket.example.com'),
  );
  const edge = edgeOf(found);
  assert.deepEqual(
    [edge.url, edge.address, edge.backend?.deployment],
    ['https://basket.example.com', undefined, { namespace: 'shop', name: 'basket' }],
  );
});

test('should not connect a host to a proxy that nothing from outside leads to', async () => {
  const pages = [
    ...deployment('shop/pages', 'docker.io/library/nginx:1.29'),
    service('shop/pages', { http: 80 }, named('pages')),
  ];
  const one = {
    ...ingress('shop/api', 'shop.example.com'),
    status: { loadBalancer: { ingress: [{ hostname: 'lb.example.com' }] } },
  };
  const found = await drafted(...pages, one);
  assert.deepEqual(
    [edgeOf(found).url, edgeOf(found).address],
    ['https://shop.example.com', 'lb.example.com:443'],
  );
  const plain = await drafted(...pages, ingress('shop/api', 'shop.example.com'));
  assert.equal(edgeOf(plain).address, undefined);
  assert.equal(edgeOf(plain).hops[0]?.name, 'proxy');
});

const GATEWAY = 'gateway.networking.k8s.io/v1';

test('should follow an HTTPRoute through its Gateway, and resolve nothing where the Gateway has an address', async () => {
  const listeners = [
    { name: 'web', port: 80, protocol: 'HTTP' },
    { name: 'tls', port: 443, protocol: 'HTTPS' },
  ];
  const gateway = {
    ...objectAt(GATEWAY, 'Gateway', 'edge/public', { gatewayClassName: 'own', listeners }),
    status: { addresses: [{ type: 'IPAddress', value: '192.0.2.9' }] },
  };
  const route = objectAt(GATEWAY, 'HTTPRoute', 'shop/api', {
    hostnames: ['shop.example.com', '*.example.com'],
    parentRefs: [{ name: 'public', namespace: 'edge', sectionName: 'tls' }],
    rules: [{ backendRefs: [{ name: 'api', port: 8080 }] }],
  });
  const found = await drafted(gateway, route);
  const edge = edgeOf(found);
  assert.deepEqual([edge.url, edge.address], ['https://shop.example.com', '192.0.2.9:443']);
  assert.deepEqual(edge.backend?.deployment, { namespace: 'shop', name: 'api' });
  assert.ok(found.completed.topology.certificates.some(({ host }) => host === 'shop.example.com'));
  const plain = await drafted(
    {
      ...route,
      spec: {
        ...(route['spec'] as object),
        parentRefs: [{ name: 'public', namespace: 'edge', sectionName: 'web' }],
      },
    },
    gateway,
  );
  assert.equal(edgeOf(plain).url, 'http://shop.example.com');
});

/** A Rollout behind a proxy, and a ScaledObject of KEDA with the autoscaler that it makes. */
const SCALED: readonly Stood[] = [
  ...deployment('edge/door', 'docker.io/library/haproxy:3.0'),
  service('edge/door', { https: 443 }, named('door')),
  ...workload({
    kind: 'Rollout',
    at: 'edge/quotes',
    image: 'registry.example.com/shop/quotes:1',
    replicas: 3,
  }),
  service('edge/quotes', { http: 8080 }, named('quotes')),
  objectAt('keda.sh/v1alpha1', 'ScaledObject', 'edge/quotes-load', {
    scaleTargetRef: { kind: 'Rollout', name: 'quotes' },
    minReplicaCount: 2,
    maxReplicaCount: 8,
    triggers: [{ type: 'rabbitmq', metadata: { host: 'amqp://user:in-plain-text@broker' } }],
  }),
  autoscaler('edge/keda-hpa-quotes-load', 'Rollout quotes', [2, 8]),
  objectAt('keda.sh/v1alpha1', 'ScaledObject', 'shop/worker', { scaleTargetRef: { name: 'worker' } }),
];

test('should draft a Rollout and what KEDA scales, and take them for the backend', async () => {
  const found = await drafted(...SCALED);
  const { workloads, closed } = found.file.topology;
  const of = (name: string) => {
    const one = workloads.find((each) => each.name === name) ?? assert.fail(name);
    return `${one.kind} ${one.replicas.min} to ${one.replicas.max}, ${one.serves ? 'serves' : '-'}`;
  };
  assert.equal(of('quotes'), 'Rollout 2 to 8, serves');
  assert.equal(of('worker'), 'Deployment 0 to 100, -');
  assert.match(found.text, /name: worker.*# by the ScaledObject worker of KEDA/);
  assert.deepEqual(closed.ignore, []);
  const { backend } = edgeOf(found);
  assert.deepEqual(backend?.deployment, { namespace: 'edge', name: 'quotes' });
  assert.equal(backend.scaling.scaledObject, 'quotes-load');
  assert.doesNotMatch(JSON.stringify(found.listing.objects), /in-plain-text/);
});

test('should say which Deployment only lends its template to a Rollout', async () => {
  const quotes = objectAt('argoproj.io/v1alpha1', 'Rollout', 'shop/quotes', {
    replicas: 2,
    workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
  });
  const { file, text } = await drafted(quotes);
  assert.equal(file.topology.workloads.find(({ name }) => name === 'quotes')?.kind, 'Rollout');
  assert.match(text, /name: api,.*# the template of Rollout quotes/);
  assert.deepEqual(
    (await drafted(quotes, exposed(service('shop/api', { https: 443 }, named('api'))))).completed.topology
      .edge?.backend?.deployment.name,
    'quotes',
  );
});

test('should ask once what is installed, and for nothing that is not', async () => {
  const calls = async (...more: Stood[]): Promise<string[]> => {
    const { listing } = await drafted(...more);
    assert.deepEqual([...listing.refused], []);
    return server.asked.filter((one) => /\/apis$|argoproj|keda|gateway\.|monitoring\./.test(one));
  };
  assert.deepEqual(await calls(), ['GET /apis']);
  // The group of Argo Rollouts is that of Argo CD, too.
  const other = objectAt('argoproj.io/v1alpha1', 'Application', 'shop/own', {});
  assert.deepEqual(await calls(other), ['GET /apis', 'GET /apis/argoproj.io/v1alpha1/rollouts']);
  assert.equal((await calls(...SCALED)).length, 3);
  assert.equal(FURTHER.length, 7);
});
