import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import type { Environment } from '../../env/schema.ts';
import { standIn } from '../../probes/signals/_testing/server.ts';
import type { Said } from '../../probes/signals/_testing/server.ts';
import { situationOf } from './_testing/situation.ts';
import type { Item } from './item.ts';
import { insteadOf } from '../../probes/signals/index.ts';
import { sources } from './sources.ts';

const staging = await loadEnvironment('staging');
const KUBE = (): Promise<never> => Promise.reject(new Error('not expected'));

/** Every declared source at one address, without accounts. */
function allAt(url: string): Environment {
  const { logs, traces, alerts, dashboards, ...rest } = staging.telemetry ?? assert.fail();
  const at = { url, user: undefined, password: undefined, token: undefined };
  return {
    ...staging,
    prometheus: { scrapeSeconds: 15, url },
    telemetry: {
      ...rest,
      ...(logs && { logs: { ...logs, ...at } }),
      ...(traces && { traces: { ...traces, ...at } }),
      ...(alerts && { alerts: { ...alerts, ...at } }),
      ...(dashboards && { dashboards: { ...dashboards, ...at, kibana: { url } } }),
      otlp: { url },
      pushgateway: { url },
    },
  };
}

async function lookedAt(answer: (path: string) => Said): Promise<Map<string, Item>> {
  const server = await standIn(({ path }) => answer(path));
  const items = await sources.look(situationOf(allAt(server.url), KUBE));
  await server.close();
  return new Map(items.map((item) => [item.what.split(' ')[0] ?? '', item]));
}

const MAPPED = [
  ['@timestamp', 'date'] as const,
  ...whole('mark', 'kubernetes.namespace', 'kubernetes.pod.name'),
];

function whole(...names: string[]): (readonly [string, string])[] {
  return names.map((name) => [name, 'keyword'] as const);
}

function mapped([name, type]: readonly [string, string]): [string, object] {
  return [name, { [type]: { type, searchable: true, aggregatable: true } }];
}

function asDocumented(path: string): Said {
  if (path.startsWith('/api/v1/query'))
    return {
      body: { status: 'success', data: { resultType: 'vector', result: [{ metric: {}, value: [1, '7'] }] } },
    };
  if (path.includes('/_field_caps'))
    return { body: { indices: ['logs-1'], fields: Object.fromEntries(MAPPED.map(mapped)) } };
  if (path.includes('/_search'))
    return {
      body: { timed_out: false, _shards: { total: 1, successful: 1, failed: 0 }, hits: { hits: [] } },
    };
  if (path.startsWith('/api/traces'))
    return { status: 404, body: { data: null, errors: [{ code: 404, msg: 'trace not found' }] } };
  if (path.startsWith('/api/v2/alerts')) return { body: [] };
  if (path.startsWith('/api/dashboards')) return { body: { dashboard: { panels: [] } } };
  return { body: BY_PATH[path] ?? {} };
}

const BY_PATH: Readonly<Record<string, unknown>> = {
  '/api/services': { data: ['gateway'], total: 1 },
  '/api/datasources': [{ uid: 'p', name: 'Prometheus', type: 'prometheus' }],
  '/api/datasources/uid/p/health': { status: 'OK', message: 'it answers' },
  '/api/health': { database: 'ok', version: '12' },
  '/api/status': { status: { overall: { level: 'available' } } },
};

test('should find every source that answers as documented', async () => {
  const items = await lookedAt(asDocumented);
  assert.equal(items.size, 8);
  assert.deepEqual(
    [...items.values()].filter(({ state }) => state !== 'ok'),
    [],
  );
});

test('should tell a login page where JSON is expected, and an account that is refused', async () => {
  const pages = await lookedAt(() => ({ body: '<!DOCTYPE html><html><title>Sign in</title></html>' }));
  const refusals = await lookedAt(() => ({ status: 401, body: { message: 'Unauthorized' } }));
  for (const key of [
    'prometheus',
    'telemetry.logs',
    'telemetry.traces',
    'telemetry.alerts',
    'telemetry.dashboards',
  ]) {
    assert.match(pages.get(key)?.detail ?? '', /a web page answers where JSON was expected/, key);
    assert.match(refusals.get(key)?.detail ?? '', /refuses the account/, key);
    assert.match(refusals.get(key)?.add ?? '', new RegExp(`${key}\\.token`), key);
  }
  assert.match(refusals.get('telemetry.otlp')?.detail ?? '', /refuses the account/);
});

test('should tell a Prometheus of another tenant, and one that wants its name', async () => {
  const empty = await lookedAt(() => ({
    body: { status: 'success', data: { resultType: 'vector', result: [] } },
  }));
  assert.match(empty.get('prometheus')?.detail ?? '', /no series `up`: another tenant/);
  const asking = await lookedAt(() => ({ status: 401, body: 'no org id' }));
  const { detail = '', add = '' } = asking.get('prometheus') ?? {};
  assert.match(detail, /wants the name of a tenant.*: no org id/);
  assert.doesNotMatch(detail, /refuses the account/);
  assert.match(add, /prometheus\.url .* of one tenant/);
});

test('should say of a field that no record has had yet that the first one brings it, and of a wrong one that it is not there', async () => {
  const without = async (field: string) => {
    const fields = Object.fromEntries(MAPPED.filter(([name]) => name !== field).map(mapped));
    const items = await lookedAt((path) =>
      path.includes('/_field_caps') ? { body: { indices: ['logs-1'], fields } } : asDocumented(path),
    );
    return items.get('telemetry.logs') ?? assert.fail(field);
  };
  const coming = await without('mark');
  assert.deepEqual([coming.state, coming.notice], ['ok', true]);
  assert.match(coming.detail, /no field `mark` \(telemetry\.logs\.fields\.correlationId\.source\)/);
  const wrong = await without('kubernetes.pod.name');
  assert.equal(wrong.state, 'missing');
  assert.match(wrong.detail, /no field `kubernetes\.pod\.name` .*; there is /);
});

test('should say of a store of traces that knows no service that the first trace brings it', async () => {
  const items = await lookedAt((path) =>
    path === '/api/services' ? { body: { data: null, total: 0 } } : asDocumented(path),
  );
  const { state, notice, detail } = items.get('telemetry.traces') ?? assert.fail('no traces');
  assert.deepEqual([state, notice], ['ok', true]);
  assert.match(detail, /knows no service at all: maybe another tenant/);
});

test('should ask for lines by their trace id where requests are followed by it, and only there', async () => {
  const searched = async (follow: 'trace' | 'none'): Promise<boolean> => {
    const asked: string[] = [];
    const server = await standIn(({ path }) => {
      asked.push(decodeURIComponent(path));
      return asDocumented(path);
    });
    const environment = allAt(server.url);
    const { logs } = environment.telemetry ?? assert.fail('no telemetry');
    const fields = { ...logs?.fields, traceId: 'trace.id' };
    const telemetry = { ...environment.telemetry, logs: { ...(logs ?? assert.fail()), fields } };
    const application = { ...(environment.application ?? assert.fail()), follow };
    await sources.look(situationOf({ ...environment, application, telemetry } as typeof environment, KUBE));
    await server.close();
    return asked.some((path) => path.includes('_field_caps') && path.includes('trace.id'));
  };
  assert.equal(await searched('trace'), true);
  assert.equal(await searched('none'), false);
});

test('should tell an account of Grafana that sees no data source, and one that may not', async () => {
  const having = async (said: Said) => {
    const items = await lookedAt((path) => (path === '/api/datasources' ? said : asDocumented(path)));
    return items.get('telemetry.dashboards') ?? assert.fail('no dashboards');
  };
  assert.match((await having({ body: [] })).detail, /shows this account no data source/);
  const refused = await having({ status: 403, body: { message: 'Permissions needed: datasources:read' } });
  assert.equal(refused.state, 'missing');
  assert.match(refused.detail, /Permissions needed: datasources:read/);
});

test('should name a dashboard that is not there', async () => {
  const items = await lookedAt((path) =>
    path.startsWith('/api/dashboards')
      ? { status: 404, body: { message: 'Dashboard not found' } }
      : path.startsWith('/api/search')
        ? { body: [{ uid: 'another' }] }
        : asDocumented(path),
  );
  assert.match(items.get('telemetry.dashboards')?.detail ?? '', /no dashboard tender-overview/);
});

test('should say that nothing listens there', async () => {
  const items = await sources.look(situationOf(allAt('http://127.0.0.1:1'), KUBE));
  for (const { state, detail } of items) {
    assert.equal(state, 'missing');
    assert.match(detail, /the connection is refused/);
  }
});

test('should not need what no planned check asks, and not know it where the cluster was not reached', async () => {
  const environment = allAt('http://127.0.0.1:1');
  const read = await sources.look(situationOf(environment, KUBE, { checks: ['topology/nodes/pools'] }));
  const needed = read.filter(({ state }) => state !== 'not needed').map(({ what }) => what.split(' ')[0]);
  assert.deepEqual(needed, ['telemetry.otlp', 'telemetry.pushgateway']);
  assert.ok(read.every(({ notice }) => notice === undefined));
  const looking = { ...environment, readOnly: true as const };
  const only = await sources.look(situationOf(looking, KUBE, { checks: ['topology/nodes/pools'] }));
  assert.deepEqual([...new Set(only.map(({ state }) => state))], ['not needed']);
  const told = only.filter(({ notice }) => notice === true);
  assert.equal(told.length, only.length - 2, 'where the run would send its own is no news');
  assert.match(told[0]?.detail ?? '', /^no check of this read-only run asks it/);
  const unreached = await sources.look(situationOf(environment, null));
  assert.deepEqual([...new Set(unreached.map(({ state }) => state))], ['unknown']);
});

test('should tell a redirect to a login page', () => {
  const seen = { status: 302, location: 'https://login.example.com/', text: '' };
  assert.match(insteadOf(seen) ?? '', /redirects to https:\/\/login\.example\.com\//);
  for (const [location, said] of [
    ['https://u:s3cret@login.example.com/auth?state=s3cret#s3cret', 'https://login.example.com/auth'],
    ['//u@login.example.com/auth#s3cret', '//login.example.com/auth'],
    ['/login?next=%2Fapi&token=a@s3cret', '/login'],
    ['?state=s3cret', 'another address'],
  ] as const)
    assert.equal(
      insteadOf({ status: 302, location, text: '' }),
      `it redirects to ${said}, as to a login page`,
    );
  assert.equal(insteadOf({ status: 200, location: '', text: '{"status":"success"}' }), null);
});
