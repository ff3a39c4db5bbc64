import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { whyNotRun, rowOf } from './catalogue/index.ts';
import { choose } from './choose.ts';
import { declaredWords } from './declared-words.ts';
import { loadEnvironment, parseEnvironment } from './loader.ts';
import type { EnvironmentFile } from './schema.ts';
import { telemetry } from './schema/telemetry.ts';

const OWN = {
  otlp: { url: 'https://otlp.example.com', token: { env: 'PLUMBLINE_OTLP_TOKEN' } },
  pushgateway: { url: 'https://push.example.com' },
};
const PLATFORM = {
  logs: { kind: 'elasticsearch', url: 'https://logs.example.com' },
  required: { targets: ['tender-api'], series: ['up'] },
};

async function fileOf(name: string, declared: object): Promise<EnvironmentFile> {
  const file = path.join(import.meta.dirname, `${name}.yaml`);
  const data = parseEnvironment(await readFile(file, 'utf8'), file);
  return { ...data, telemetry: telemetry.parse(declared) };
}

test("should send Plumbline's own telemetry whatever is looked at of an environment that is there anyway", async () => {
  const chosen = choose(await fileOf('staging', { ...OWN, ...PLATFORM }), ['postgres']);
  assert.deepEqual([chosen.telemetry?.otlp, chosen.telemetry?.pushgateway], [OWN.otlp, OWN.pushgateway]);
  assert.ok(chosen.partsLeftOut.includes('telemetry'));
  assert.equal(chosen.telemetry?.logs, undefined);
  assert.deepEqual(chosen.telemetry?.required, { targets: [], series: [] });
  assert.deepEqual(declaredWords(chosen), ['postgres']);
});

test('should run no check of telemetry that was left out, although its own is sent', async () => {
  const { timeouts, file } = await loadEnvironment('staging');
  const chosen = choose(await fileOf('staging', { ...OWN, ...PLATFORM }), ['postgres']);
  const environment = { ...chosen, timeouts, file, objectives: [] };
  for (const id of ['telemetry/logs/canary', 'telemetry/metrics/targets'])
    assert.match(
      whyNotRun(environment, rowOf(id) ?? assert.fail(id)) ?? '',
      /^left out: part telemetry is declared, but not among --with \(postgres\)$/,
    );
});

test('should drop the whole section where nothing is sent, and in an embedded environment, whose receiver comes with the part', async () => {
  assert.equal(choose(await fileOf('staging', PLATFORM), ['postgres']).telemetry, undefined);
  const embedded = await fileOf('local-small', { otlp: OWN.otlp, ...PLATFORM });
  assert.equal(choose(embedded, ['postgres']).telemetry, undefined);
  assert.deepEqual(choose(embedded, ['postgres', 'telemetry']).telemetry?.otlp, OWN.otlp);
});

test('should not take an address for its own telemetry for a part of the platform', async () => {
  const only = await fileOf('staging', OWN);
  assert.ok(!declaredWords(only).includes('telemetry'));
  const chosen = choose(only, ['postgres']);
  assert.ok(!chosen.partsLeftOut.includes('telemetry'));
  assert.deepEqual(chosen.telemetry?.otlp, OWN.otlp);
});
