import { test } from 'node:test';
import assert from 'node:assert/strict';
import { parseClientLoadConfig } from './config.ts';
import { startClientLoad } from './process.ts';

const connection = { host: '127.0.0.1', port: 1, database: 'd', user: 'u', password: 'secret-word' };
const config = { store: 'postgres', history: '/tmp', run: 'r', connection };

void test('defaults are 200 writes a second with deadlines of the client', () => {
  const parsed = parseClientLoadConfig(JSON.stringify(config));
  assert.equal(parsed.ratePerSecond, 200);
  assert.ok(parsed.connectTimeoutMs < parsed.operationTimeoutMs);
  assert.ok(parsed.connections <= parsed.maxConnections);
});

void test('errors name the field and never the password', () => {
  const wrong = JSON.stringify({
    ...config,
    history: 'relative',
    connection: { ...connection, port: 'secret-word' },
    extra: 1,
  });
  assert.throws(
    () => parseClientLoadConfig(wrong),
    (error: Error) => {
      assert.match(error.message, /history: must be an absolute path/);
      assert.match(error.message, /connection\.port/);
      assert.match(error.message, /extra/);
      assert.doesNotMatch(error.message, /secret-word/);
      return true;
    },
  );
  assert.throws(() => parseClientLoadConfig('{'), /not one line of JSON/);
});

void test('a client load that cannot begin says why and ends with the code for it', async () => {
  const clientLoad = startClientLoad({ ...config, store: 'nothing' });
  await assert.rejects(
    clientLoad.ready,
    /client load ended \(64\): store nothing: not known; there are: postgres/,
  );
  assert.equal((await clientLoad.ended).code, 64);
  const nowhere = startClientLoad({ ...config, history: '/proc/nowhere/trial' });
  await assert.rejects(
    nowhere.ready,
    /client load ended \(3\): history \/proc\/nowhere\/trial\/client-load\.ndjson: cannot open it/,
  );
});
