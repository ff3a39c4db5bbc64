import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import { lacksMeans } from './means.ts';
import { rowOf } from '../rows.ts';

const row = (fault: string) => rowOf(`failover/postgres/${fault}`) ?? assert.fail(fault);

test('a fault without its means is not run, and says what is to be declared', async () => {
  const staging = structuredClone(await loadEnvironment('staging'));
  Reflect.deleteProperty(staging.drills, 'nodeImage');
  for (const fault of ['pod-crash', 'hang', 'partition'])
    assert.match(lacksMeans(staging, row(fault))?.text ?? '', /drills\.nodeImage/, fault);
  assert.match(lacksMeans(staging, row('node-loss'))?.text ?? '', /cluster\.power/);
  for (const fault of ['pod-delete', 'switchover'])
    assert.equal(lacksMeans(staging, row(fault)), null, fault);
  staging.drills.nodeImage = 'harbor.example.com/tools/node:1';
  assert.equal(lacksMeans(staging, row('hang')), null);
  assert.match(lacksMeans(staging, row('node-loss'))?.text ?? '', /cluster\.power/);
});

test('so is a fault of what is no store', async () => {
  const staging = structuredClone(await loadEnvironment('staging'));
  const why = (id: string): string | null => lacksMeans(staging, rowOf(id) ?? assert.fail(id))?.text ?? null;
  for (const id of ['failover/backend/node-loss', 'failover/ai/node-loss'])
    assert.match(why(id) ?? '', /cluster\.power/, id);
  assert.equal(why('failover/ai/hang'), null);
  Reflect.deleteProperty(staging.drills, 'nodeImage');
  assert.match(why('failover/ai/hang') ?? '', /drills\.nodeImage/);
});

test('the embedded environment holds its own nodes', async () => {
  const local = await loadEnvironment('local');
  for (const fault of ['pod-crash', 'hang', 'partition', 'node-loss'])
    assert.equal(lacksMeans(local, row(fault)), null, fault);
});

test('a rolling restart needs a right that is given in the embedded environment only', async () => {
  const rolling = rowOf('failover/backend/rolling-restart') ?? assert.fail();
  const why = lacksMeans(await loadEnvironment('staging'), rolling);
  assert.match(why?.text ?? '', /template of a Deployment/);
  assert.equal(why?.by, 'never', 'no entry in a file changes it');
  assert.equal(lacksMeans(await loadEnvironment('local'), rolling), null);
});
