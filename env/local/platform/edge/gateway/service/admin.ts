/** The reading part of Kong's Admin API (3.9): /status, /services, /routes, /upstreams and their targets and health. */
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { hostname } from 'node:os';
import type { Upstream, UpstreamHealth } from './health.ts';
import type { Counters } from './proxy.ts';

/** Kong names objects by UUID; the same object always gets the same one here. */
function idOf(kind: string, name: string): string {
  const hex = createHash('sha256').update(`${kind}/${name}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const STARTED_S = Math.floor(Date.now() / 1000);
const stamps = { created_at: STARTED_S, updated_at: STARTED_S };
const page = (...data: unknown[]): unknown => ({ data, next: null });

/** Answers by path; undefined where Kong would say 404. */
export function adminAnswers(
  upstream: Upstream,
  health: UpstreamHealth,
  counters: Counters,
): (path: string) => unknown {
  const { name } = upstream;
  const ids = {
    service: idOf('service', name),
    route: idOf('route', name),
    upstream: idOf('upstream', name),
    target: idOf('target', name),
  };
  const target = {
    id: ids.target,
    target: `${upstream.host}:${String(upstream.port)}`,
    weight: 100,
    upstream: { id: ids.upstream },
    ...stamps,
    tags: null,
  };
  const service = {
    id: ids.service,
    name,
    protocol: 'http',
    host: upstream.host,
    port: upstream.port,
    path: null,
    retries: 2,
    enabled: true,
    tags: null,
    ...stamps,
  };
  const route = {
    id: ids.route,
    name,
    protocols: ['http'],
    methods: null,
    hosts: null,
    paths: ['/'],
    strip_path: false,
    preserve_host: true,
    service: { id: ids.service },
    tags: null,
    ...stamps,
  };
  const active = {
    type: 'http',
    http_path: '/readyz',
    healthy: { interval: 2, successes: 2 },
    unhealthy: { interval: 2, http_failures: 2, timeouts: 2 },
  };
  const balanced = {
    id: ids.upstream,
    name,
    algorithm: 'round-robin',
    slots: 10000,
    healthchecks: { active },
    tags: null,
    ...stamps,
  };
  const answers: Record<string, () => unknown> = {
    '/': () => ({ version: '3.9.0', tagline: 'Welcome to kong', hostname: hostname(), stub: true }),
    '/status': () => ({
      database: { reachable: true },
      server: { total_requests: counters.requests, connections_active: 0 },
    }),
    '/services': () => page(service),
    [`/services/${name}`]: () => service,
    '/routes': () => page(route),
    [`/routes/${name}`]: () => route,
    '/upstreams': () => page(balanced),
    [`/upstreams/${name}`]: () => balanced,
    [`/upstreams/${name}/targets`]: () => page(target),
    [`/upstreams/${name}/health`]: () => ({
      total: 1,
      node_id: idOf('node', hostname()),
      data: [{ ...target, health: health.current }],
      next: null,
    }),
  };
  return (path) => (Object.hasOwn(answers, path) ? answers[path]?.() : undefined);
}

/** The Admin API's server; it reads only. */
export function adminServer(upstream: Upstream, health: UpstreamHealth, counters: Counters): Server {
  const answers = adminAnswers(upstream, health, counters);
  return createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://admin').pathname;
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
