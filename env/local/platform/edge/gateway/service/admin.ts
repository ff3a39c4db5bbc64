/** The read-only part of Kong's Admin API (3.9): /status, /services, /routes, /upstreams with targets and health; also /metrics. */
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { hostname } from 'node:os';
import type { UpstreamHealth } from './health.ts';
import type { Counters, Route } from './proxy.ts';

/** Kong names objects by UUID; the same object always gets the same one here. */
function idOf(kind: string, name: string): string {
  const hex = createHash('sha256').update(`${kind}/${name}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const STARTED_S = Math.floor(Date.now() / 1000);
const stamps = { created_at: STARTED_S, updated_at: STARTED_S };
const page = (...data: unknown[]): unknown => ({ data, next: null });

/** A route with the health of its upstream. */
export interface Served {
  readonly route: Route;
  readonly health: UpstreamHealth;
}

/** One route as objects of the Admin API: Kong service, route, upstream and target. */
function objectsOf({ route: { prefix, upstream }, health }: Served): Record<Kind, Record<string, unknown>> {
  const { name, host, port } = upstream;
  const ids = {
    service: idOf('service', name),
    route: idOf('route', name),
    upstream: idOf('upstream', name),
    target: idOf('target', name),
  };
  const active = {
    type: 'http',
    http_path: '/readyz',
    healthy: { interval: 2, successes: 2 },
    unhealthy: { interval: 2, http_failures: 2, timeouts: 2 },
  };
  const target = {
    id: ids.target,
    target: `${host}:${String(port)}`,
    weight: 100,
    upstream: { id: ids.upstream },
    ...stamps,
    tags: null,
  };
  return {
    service: {
      id: ids.service,
      name,
      protocol: 'http',
      host,
      port,
      path: null,
      retries: 2,
      enabled: true,
      tags: null,
      ...stamps,
    },
    route: {
      id: ids.route,
      name,
      protocols: ['http'],
      methods: null,
      hosts: null,
      paths: [prefix],
      strip_path: prefix !== '/',
      preserve_host: true,
      service: { id: ids.service },
      tags: null,
      ...stamps,
    },
    upstream: {
      id: ids.upstream,
      name,
      algorithm: 'round-robin',
      slots: 10000,
      healthchecks: { active },
      tags: null,
      ...stamps,
    },
    target,
    health: { ...target, health: health.current },
  };
}

type Kind = 'service' | 'route' | 'upstream' | 'target' | 'health';

/** Answers by path; undefined where Kong would answer 404. */
export function adminAnswers(served: readonly Served[], counters: Counters): (path: string) => unknown {
  const all = (kind: Kind): Record<string, unknown>[] => served.map((one) => objectsOf(one)[kind]);
  const fixed: Record<string, () => unknown> = {
    '/': () => ({ version: '3.9.0', tagline: 'Welcome to kong', hostname: hostname(), stub: true }),
    '/status': () => ({
      database: { reachable: true },
      server: { total_requests: counters.requests, connections_active: 0 },
    }),
    '/services': () => page(...all('service')),
    '/routes': () => page(...all('route')),
    '/upstreams': () => page(...all('upstream')),
  };
  return (path) => (Object.hasOwn(fixed, path) ? fixed[path]?.() : ofOne(served, path));
}

const ONE = /^\/(service|route|upstream)s\/([^/]+)(?:\/(targets|health))?$/;

/** One object, or the targets or health below an upstream. */
function ofOne(served: readonly Served[], path: string): unknown {
  const [, kind = '', name = '', below] = ONE.exec(path) ?? [];
  const one = served.find(({ route }) => route.upstream.name === name);
  if (one === undefined) return undefined;
  const objects = objectsOf(one);
  if (below === undefined) return objects[kind as Kind];
  if (kind !== 'upstream') return undefined;
  if (below === 'targets') return page(objects.target);
  return { total: 1, node_id: idOf('node', hostname()), data: [objects.health], next: null };
}

/** Counters in Prometheus' text format (0.0.4). */
export function metricsText(counters: Counters, spans: { sent: number; dropped: number }): string {
  const counter = (name: string, help: string, value: number): string =>
    `# HELP ${name} ${help}\n# TYPE ${name} counter\n${name} ${String(value)}\n`;
  return [
    counter('gateway_requests_total', 'Requests taken.', counters.requests),
    counter('gateway_failures_total', 'Requests that no upstream answered.', counters.failures),
    counter('telemetry_spans_sent_total', 'Spans sent to the collector.', spans.sent),
    counter('telemetry_spans_dropped_total', 'Spans that could not be sent.', spans.dropped),
  ].join('');
}

/** The server of the Admin API. It answers only GET. */
export function adminServer(
  served: readonly Served[],
  counters: Counters,
  spans: () => { sent: number; dropped: number },
): Server {
  const answers = adminAnswers(served, counters);
  return createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://admin').pathname;
    if (path === '/metrics') {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
      response.end(metricsText(counters, spans()));
      return;
    }
    const found = request.method === 'GET' ? answers(path) : undefined;
    const missing =
      request.method === 'GET'
        ? { status: 404, message: 'Not found' }
        : { status: 405, message: 'Method not allowed' };
    response.writeHead(found === undefined ? missing.status : 200, {
      'content-type': 'application/json; charset=utf-8',
    });
    response.end(JSON.stringify(found ?? { message: missing.message }));
  });
}
