import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverFacts } from './settings.ts';
import { serving, targetOf } from './_testing/server.ts';

test('false verdict 18: every member says where it has its shards, and one that does not answer is missed', async () => {
  let asked = 0;
  const answer = (): { status?: number; json: unknown } =>
    ++asked === 2
      ? { status: 503, json: { error: { type: 'busy', reason: 'not now' } } }
      : { json: { nodes: { x: { fs: { data: [{ path: '/bitnami/elasticsearch/data' }] } } } } };
  await serving(answer, async (port) => {
    const facts = await serverFacts(targetOf(port, ['e-0', 'e-1']), { deadlineMs: 2000 });
    assert.deepEqual(
      facts.map(({ member }) => member),
      ['e-0', 'e-1'],
    );
    assert.deepEqual(facts.map(({ dataFolders }) => dataFolders).sort(), [
      [],
      ['/bitnami/elasticsearch/data'],
    ]);
    assert.match(facts.find(({ failed }) => failed !== undefined)?.failed ?? '', /503 busy/);
  });
});

test('should say of a node that coordinates alone that it keeps no data, and of a dedicated master where it keeps the state', async () => {
  const factsWith = async (roles: string[] | undefined): Promise<unknown> => {
    const node = { ...(roles && { roles }), fs: { data: [{ path: '/srv/search/data' }] } };
    let facts: unknown = null;
    await serving(
      () => ({ json: { nodes: { x: node } } }),
      async (port) => {
        [facts] = await serverFacts(targetOf(port, ['e-0']), { deadlineMs: 2000 });
      },
    );
    return facts;
  };
  const none = (keepsNone: string): object => ({ member: 'e-0', settings: [], dataFolders: [], keepsNone });
  assert.deepEqual(await factsWith(['ingest']), none('its roles are ingest'));
  assert.deepEqual(await factsWith([]), none('its roles are none: it coordinates alone'));
  const kept = { member: 'e-0', settings: [], dataFolders: ['/srv/search/data'] };
  for (const roles of [['master'], ['data_hot', 'ingest'], undefined])
    assert.deepEqual(await factsWith(roles), kept);
});
