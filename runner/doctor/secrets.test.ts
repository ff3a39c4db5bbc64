import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { setVariable } from '../../host/_testing/variable.ts';
import { loadEnvironment } from '../../env/loader.ts';
import type { Environment, SecretSource } from '../../env/schema.ts';
import type { KubeCall } from '../provider-safety.ts';
import { situationOf } from './_testing/situation.ts';
import type { Item } from './item.ts';
import { secrets } from './secrets.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'plumbline-doctor-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const staging = await loadEnvironment('staging');

function withPassword(password: SecretSource): Environment {
  const redis = staging.stores.redis ?? assert.fail();
  const { sentinel: _, ...rest } = redis;
  return { ...staging, stores: { redis: { ...rest, password } } };
}

async function itemOf(password: SecretSource, kube: KubeCall | null = null): Promise<Item> {
  const environment = withPassword(password);
  const items = await secrets.look(situationOf(environment, kube, { checks: ['failover/redis/*'] }));
  return items.find(({ what }) => what.includes('stores.redis.password')) ?? assert.fail();
}

test('should say of a variable whether it is set, and never what to', async (t) => {
  setVariable(t, 'PLUMBLINE_DOCTOR_TEST', undefined);
  const source = { env: 'PLUMBLINE_DOCTOR_TEST' };
  assert.deepEqual(await itemOf(source), {
    what: 'variable PLUMBLINE_DOCTOR_TEST (stores.redis.password)',
    state: 'missing',
    detail: 'not set, or empty',
    add: 'export PLUMBLINE_DOCTOR_TEST=…',
  });
  setVariable(t, 'PLUMBLINE_DOCTOR_TEST', 'geheim');
  const set = await itemOf(source);
  assert.equal(set.state, 'ok');
  assert.ok(!JSON.stringify(set).includes('geheim'));
});

test('should say of a file whether it is there, and of an empty one that it is', async () => {
  const file = path.join(folder, 'password');
  assert.match((await itemOf({ file })).detail, /no such file/);
  writeFileSync(file, '\n');
  assert.match((await itemOf({ file })).detail, /empty/);
  writeFileSync(file, 'geheim\n');
  assert.equal((await itemOf({ file })).state, 'ok');
});

test('should say of a Secret what keeps it from being read, with the rule to add', async () => {
  const source = { secret: { namespace: 'data', name: 'accounts', key: 'redis' } };
  const answering =
    (status: number, body: unknown): KubeCall =>
    () =>
      Promise.resolve({ status, body });
  const states = await Promise.all(
    [
      itemOf(source, answering(200, { data: { redis: 'Z2VoZWlt' } })),
      itemOf(source, answering(200, { data: { other: 'Z2VoZWlt' } })),
      itemOf(source, answering(404, {})),
      itemOf(source, answering(500, {})),
      itemOf(source, null),
    ].map(async (item) => (await item).state),
  );
  assert.deepEqual(states, ['ok', 'missing', 'missing', 'unknown', 'unknown']);
  const { state, add } = await itemOf(source, answering(403, {}));
  assert.equal(state, 'missing');
  assert.match(add ?? '', /resourceNames: \[accounts\], verbs: \[get\].*\n# a Role in the namespace data/);
});

test('should say of a ConfigMap with an authority what keeps it from being read', async () => {
  const ca = { configMap: { namespace: 'data', name: 'authority', key: 'ca.crt' } };
  const redis = staging.stores.redis ?? assert.fail();
  const environment = { ...staging, stores: { redis: { ...redis, tls: { ca } } } } as Environment;
  const itemFor = async (status: number, body: unknown): Promise<Item> => {
    const asked: string[] = [];
    const kube: KubeCall = ({ path: at }) => {
      asked.push(at);
      return Promise.resolve(
        at.endsWith('/namespaces/data/configmaps/authority') ? { status, body } : { status: 404, body: {} },
      );
    };
    const items = await secrets.look(situationOf(environment, kube, { checks: ['failover/redis/*'] }));
    assert.ok(asked.includes('/api/v1/namespaces/data/configmaps/authority'));
    return items.find(({ what }) => what.includes('stores.redis.tls.ca')) ?? assert.fail();
  };
  assert.deepEqual(await itemFor(200, { data: { 'ca.crt': 'PEM' } }), {
    what: 'ConfigMap data/authority, key ca.crt (stores.redis.tls.ca)',
    state: 'ok',
    detail: 'readable',
  });
  assert.match((await itemFor(200, { data: {} })).detail, /the ConfigMap has no such key/);
  assert.match((await itemFor(404, {})).detail, /there is no such ConfigMap/);
  assert.match((await itemFor(403, {})).add ?? '', /resources: \[configmaps\], resourceNames: \[authority\]/);
});

test('should not need, of a profile that does not ask a store, what only its certificate is trusted by', async () => {
  const redis = staging.stores.redis ?? assert.fail();
  const ca = { file: path.join(folder, 'none.pem') };
  const profiles = { nodes: { checks: ['topology/nodes/pools'], optional: [], required: [] } };
  const environment = { ...staging, profiles, stores: { redis: { ...redis, tls: { ca } } } } as Environment;
  const items = await secrets.look(situationOf(environment, null, { profile: 'nodes' }));
  const stateOf = (at: string) => items.find(({ what }) => what.includes(at))?.state;
  assert.equal(stateOf('stores.redis.tls.ca'), 'not needed');
  assert.notEqual(stateOf('stores.redis.password') ?? 'not needed', 'not needed');
});

test('should not need what no planned check asks, and everything for a profile', async () => {
  const read = await secrets.look(situationOf(staging, null, { checks: ['topology/nodes/pools'] }));
  assert.deepEqual(
    read.filter(({ state, what }) => state !== 'not needed' && !what.includes('otlp')),
    [],
  );
  const profile = await secrets.look(situationOf(staging, null, { profile: 'smoke' }));
  assert.deepEqual(
    profile.filter(({ state }) => state === 'not needed'),
    [],
  );
});
