import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../loader.ts';
import { telemetryHere } from '../../suites/catalogue/reads.ts';
import { settingsFor } from '../../suites/catalogue/plan/settings.ts';

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
