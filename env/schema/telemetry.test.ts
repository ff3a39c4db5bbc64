import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../loader.ts';
import { telemetryHere } from '../../suites/catalogue/reads.ts';
import { settingsFor } from '../../suites/catalogue/plan/settings.ts';
import { telemetry } from '../../probes/signals/declaration.ts';

const LOGS = { kind: 'elasticsearch', url: 'http://logs.example.com', user: 'a', password: { env: 'A' } };

test('should send a password only over https, or to an address that leaves no machine', () => {
  const problem = telemetry.safeParse({ logs: LOGS }).error?.issues[0];
  assert.deepEqual(problem?.path, ['logs', 'url']);
  assert.match(problem.message, /https/);
  const { kind: _kind, ...kibana } = LOGS;
  const shown = { kind: 'grafana', url: 'https://grafana.example.com', kibana };
  const ofKibana = telemetry.safeParse({ dashboards: shown }).error?.issues[0];
  assert.deepEqual(ofKibana?.path, ['dashboards', 'kibana', 'url']);
  for (const url of ['https://logs.example.com', 'http://198.18.128.90:9200', 'http://127.0.0.1:9200'])
    assert.ok(telemetry.safeParse({ logs: { ...LOGS, url } }).success, url);
});

test('should want the parent of a hop earlier in the path', () => {
  const path = [{ service: 'a', parent: 'b' }, { service: 'b' }];
  const problem = telemetry.safeParse({ traces: { kind: 'jaeger', url: 'http://x', path } }).error?.issues[0];
  assert.deepEqual(problem?.path, ['traces', 'path', 0, 'parent']);
});

test('should leave out of the path what needs a part that was not provisioned', async () => {
  const path = async (words?: string[]) =>
    telemetryHere(await loadEnvironment('local', { with: words }))?.traces?.path ?? [];
  const services = async (words?: string[]) => (await path(words)).map(({ service }) => service);
  assert.deepEqual(await services(), ['gateway', 'tender-api', 'tender-ai']);
  assert.deepEqual(await services(['postgres']), []);
  assert.deepEqual(await services(['postgres', 'telemetry']), ['gateway', 'tender-api']);
  const [, api] = await path(['postgres', 'telemetry']);
  assert.deepEqual(
    api?.spans.map(({ name }) => name),
    ['INSERT tenders'],
  );
});

test('should put no secret into the header of a check', async () => {
  const settings = settingsFor('telemetry/logs/canary', await loadEnvironment('local'));
  assert.ok('telemetry' in settings);
  assert.doesNotMatch(JSON.stringify(settings), /logstore-credentials/);
});
