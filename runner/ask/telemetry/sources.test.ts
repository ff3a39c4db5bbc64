import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import { standIn } from '../../../probes/signals/_testing/server.ts';
import { StoreTargets } from '../../targets/store-target.ts';
import { addressOf, logsOf, prometheusOf } from './sources.ts';

/** As Elasticsearch tells the types of fields. */
const MAPPED = {
  '@timestamp': { date: { type: 'date', searchable: true } },
  'kubernetes.namespace': { keyword: { type: 'keyword', searchable: true } },
  'kubernetes.pod': { keyword: { type: 'keyword', searchable: true } },
};
const staging = await loadEnvironment('staging');
const { signal } = new AbortController();

test('should ask Prometheus and the store of logs with the token as it is now, where the one of before has expired', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'plumbline-token-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const token = { file: path.join(folder, 'token') };
  writeFileSync(token.file, 'first-token\n');
  let valid = 'first-token';
  const server = await standIn(({ authorization, path: asked }) => {
    if (authorization !== `Bearer ${valid}`) return { status: 401, body: 'expired' };
    if (asked.includes('/_field_caps')) return { body: { indices: ['logs-1'], fields: MAPPED } };
    const shards = { total: 1, successful: 1, failed: 0 };
    if (asked.includes('/_search'))
      return { body: { timed_out: false, _shards: shards, hits: { hits: [] } } };
    return { body: { status: 'success', data: { resultType: 'vector', result: [] } } };
  });
  t.after(() => server.close());
  const { telemetry } = staging;
  const logs = { kind: 'elasticsearch', url: server.url, token, index: 'logs-*', fields: {} };
  const environment = {
    ...staging,
    prometheus: { url: server.url, scrapeSeconds: 5, token },
    telemetry: { ...telemetry, logs: { ...telemetry?.logs, ...logs, user: undefined, password: undefined } },
  } as typeof staging;
  const stores = new StoreTargets(environment, {} as never);
  const prometheus = await prometheusOf({ stores, environment });
  t.after(() => prometheus.close());
  assert.deepEqual(await prometheus.query('up'), []);
  valid = 'second-token';
  await assert.rejects(prometheus.query('up'), /401/);
  writeFileSync(token.file, 'second-token\n');
  assert.deepEqual(await prometheus.query('up'), [], 'within the same run');
  const probe = await logsOf({ stores, environment });
  t.after(() => probe.close());
  const pod = { namespace: 'shop', name: 'api' };
  await probe.search({ fromMs: 0, toMs: 1, most: 1, pod }, { deadlineMs: 2_000, signal });
  assert.equal(server.asked.at(-1)?.authorization, 'Bearer second-token');
  const secrets = stores.secrets();
  assert.ok(
    secrets.includes('first-token') && secrets.includes('second-token'),
    'both are kept out of reports',
  );
});

const readers = { secret: (source: object) => Promise.resolve(`that of ${JSON.stringify(source)}`) };

test('should read each secret that a source of telemetry is asked with', async () => {
  const shown = async (declared: Parameters<typeof addressOf>[1]): Promise<object> => {
    const { reread: _, ...address } = await addressOf(of, declared);
    return address;
  };
  const of = { stores: readers as unknown as StoreTargets };
  const url = 'https://logs.example.com';
  const read = 'that of {"env":"X"}';
  const at = { url, address: undefined, ca: undefined, proxied: true };
  const source = { env: 'X' };
  assert.deepEqual(await shown({ url }), at);
  const account = { user: 'ann', password: source };
  assert.deepEqual(await shown({ url, ...account }), {
    ...at,
    account: { user: 'ann', password: read },
  });
  assert.deepEqual(await shown({ url, token: source }), { ...at, token: read });
});
