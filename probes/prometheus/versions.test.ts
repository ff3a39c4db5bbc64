/** Answers that only some versions of Prometheus give, or other servers that speak its API: Mimir, Thanos, VictoriaMetrics. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standIn } from '../signals/_testing/server.ts';
import type { Said } from '../signals/_testing/server.ts';
import { SignalError } from '../signals/index.ts';
import { PrometheusClient } from './index.ts';

/** What comes of a question to a server that answers everything so. */
async function asking<T>(said: Said, ask: (client: PrometheusClient) => Promise<T>): Promise<T> {
  const server = await standIn(() => said);
  const client = new PrometheusClient({ url: server.url, deadlineMs: 2_000 });
  try {
    return await ask(client);
  } finally {
    client.close();
    await server.close();
  }
}

async function errorOf(said: Said): Promise<SignalError> {
  const found = await asking(said, (client) => client.query('up').catch((error: unknown) => error));
  assert.ok(found instanceof SignalError, String(found));
  return found;
}

const success = (data: object, more: object = {}): Said => ({ body: { status: 'success', data, ...more } });
const nothing = (more: object): Said => success({ resultType: 'vector', result: [] }, more);

/** Annotations, as Prometheus 2.48 and later writes them. */
const INFO =
  'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "up"';
const WARNING = 'PromQL warning: encountered a mix of histograms and floats for metric name "h"';

test('should take hints of PromQL for no warnings, also where 2.48 to 2.53 has them among those', async () => {
  for (const more of [{ warnings: [INFO] }, { infos: [INFO] }, { isPartial: false }])
    assert.deepEqual(await asking(nothing(more), (client) => client.query('up')), []);
});

test('should call a warning of PromQL one, and no partial answer', async () => {
  const { reason, message } = await errorOf(nothing({ warnings: [INFO, WARNING] }));
  assert.equal(reason, 'partial');
  assert.match(message, /the answer has warnings: PromQL warning: encountered a mix[^;]*$/);
  const both = await errorOf(nothing({ warnings: [WARNING, 'store b is away'] }));
  assert.match(both.message, /the answer is partial: PromQL warning: .*; store b is away/);
});

test('should not take for whole what a cluster of VictoriaMetrics calls partial', async () => {
  const { reason, message } = await errorOf(nothing({ isPartial: true }));
  assert.equal(reason, 'partial');
  assert.match(message, /the answer is partial: the server itself says so \(isPartial\)/);
});

test('should tell a missing tenant and a login page from an account that is refused, and say what the server says', async () => {
  const page = '<html><title>Sign in</title></html>';
  const cases: [Said, RegExp][] = [
    [
      { status: 401, body: 'no org id' },
      /refused \(401\): it wants the name of a tenant in a header: no org id$/,
    ],
    [{ status: 403, body: page }, /refused \(403\): a web page answers where JSON was expected, [^<]*$/],
    [
      { status: 403, body: { message: 'missing right' } },
      /the account or token is not accepted: \{"message":"missing right"\}$/,
    ],
  ];
  for (const [said, text] of cases) {
    const { reason, message } = await errorOf(said);
    assert.equal(reason, 'refused');
    assert.match(message, text);
  }
  assert.match((await errorOf({ body: page })).message, /status 200, a web page answers/);
  const away = { status: 302, location: 'https://id.example.test/', body: 'Found' };
  assert.match((await errorOf(away)).message, /status 302, it redirects to https:\/\/id\.example\.test\//);
});

test('should take the times of native histograms where they are wanted, and never a number', async () => {
  const matrix = success({
    resultType: 'matrix',
    result: [
      { metric: { job: 'a' }, histograms: [[1.5, { count: '4', sum: '0.5' }]] },
      {
        metric: {},
        values: [
          [1, '7'],
          [3, '8'],
        ],
        histograms: [[2, { count: '4', sum: '0.5' }]],
      },
    ],
  });
  const points = async (more: { histograms?: boolean }) =>
    asking(matrix, async (client) =>
      (await client.samples('h', { fromMs: 0, toMs: 5_000, ...more })).map((one) => one.points),
    );
  assert.deepEqual(await points({}), [
    [],
    [
      [1_000, 7],
      [3_000, 8],
    ],
  ]);
  assert.deepEqual(await points({ histograms: true }), [
    [[1_500, null]],
    [
      [1_000, 7],
      [2_000, null],
      [3_000, 8],
    ],
  ]);
});

/** Where the alerts of a server go that answers so by path, and 404 to any other. */
async function receivers(paths: Record<string, Said>): Promise<string[] | null> {
  const server = await standIn(({ path }) => paths[path] ?? { status: 404, body: '404 page not found' });
  const client = new PrometheusClient({ url: server.url, deadlineMs: 2_000 });
  try {
    return await client.alertmanagers();
  } finally {
    client.close();
    await server.close();
  }
}

test('should say that a server does not tell where its alerts go, where it is not Prometheus by what it says', async () => {
  const build = '/api/v1/status/buildinfo';
  const version = { version: '2.53.0', revision: 'a', goVersion: 'go1.22' };
  assert.equal(await receivers({ [build]: success({ ...version, application: 'Grafana Mimir' }) }), null);
  const stores = success({ sidecar: [{ name: 'a:10901' }] });
  assert.equal(await receivers({ [build]: success(version), '/api/v1/stores': stores }), null, 'Thanos');
  const victoria: Said = { status: 400, body: 'unsupported path requested: "/api/v1/alertmanagers"' };
  assert.equal(await receivers({ '/api/v1/alertmanagers': victoria }), null);
  const known = success({ activeAlertmanagers: [{ url: 'http://a' }] });
  assert.deepEqual(await receivers({ '/api/v1/alertmanagers': known }), ['http://a']);
});

test('should not take a proxy that does not let the question through for a server that has no answer', async () => {
  const build = success({ version: '2.53.0', application: 'prometheus' });
  await assert.rejects(receivers({}), /\/api\/v1\/alertmanagers: status 404/);
  await assert.rejects(
    receivers({ '/api/v1/status/buildinfo': success({ version: '2.53.0' }) }),
    /status 404/,
  );
  await assert.rejects(receivers({ '/api/v1/status/buildinfo': build }), /status 404/);
  for (const said of [
    { status: 400, body: 'missing route for "/api/v1/alertmanagers"' },
    { status: 503, body: '' },
  ])
    await assert.rejects(receivers({ '/api/v1/alertmanagers': said }), new RegExp(`status ${said.status}`));
});
