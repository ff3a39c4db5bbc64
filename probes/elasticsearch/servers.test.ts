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
