/** The reference backend's table against a PostgreSQL server of its own. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { telemetryOf } from '../../env/local/platform/service-kit/telemetry.ts';
import { TenderStore } from '../../env/local/platform/tender-api/service/store.ts';
import { queryOnce } from '../../probes/postgres/query.ts';
import { startPostgres } from '../integration/_helpers/postgres-server.ts';
import type { PostgresServer } from '../integration/_helpers/postgres-server.ts';

const PASSWORD = 'tender-test';
const BOUNDS = { deadlineMs: 10_000 };

let server: PostgresServer;
let store: TenderStore;

before(async () => {
  server = await startPostgres();
  const { connection } = server;
  await queryOnce(connection, `CREATE ROLE tender LOGIN PASSWORD '${PASSWORD}'`, BOUNDS);
  await queryOnce(connection, 'CREATE DATABASE tender OWNER tender', BOUNDS);
  // The service speaks to the usual port; pg takes another one from here.
  process.env['PGPORT'] = String(connection.port);
  const telemetry = telemetryOf({ service: 'tender-api', env: {}, write: () => undefined });
  const host = connection.host;
  store = new TenderStore({
    primaryHost: host,
    replicaHost: host,
    password: PASSWORD,
    handsOver: false,
    telemetry,
  });
  await store.prepare();
});
after(async () => {
  await store.close();
  await server.stop();
});

test('the newest tenders are those with the highest numbers, however many digits these have', async () => {
  for (let i = 1; i <= 11; i++) await store.add(`tender ${i}`);
  assert.deepEqual(
    (await store.latest(3)).map(({ id }) => id),
    ['11', '10', '9'],
  );
});
