import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Environment } from '../../env/schema.ts';
import { ensureOwnNamespaces } from './own-namespaces.ts';

const external = {
  name: 'staging',
  cluster: { kubeconfig: { file: '/k' } },
  namespaces: { platform: 'p', system: 'plumbline-system', canary: 'c' },
} as unknown as Environment;

test("should say which namespace is missing on a cluster of somebody else's, and refuse the run", async () => {
  const asked: string[] = [];
  const refused = ensureOwnNamespaces(external, ({ method, path }) => {
    asked.push(`${method} ${path}`);
    return Promise.resolve({ status: 404, body: {} });
  });
  await assert.rejects(refused, (error: Error & { exitCode?: number }) => {
    assert.match(error.message, /staging: the namespace plumbline-system, .* is missing.*deploy\/rbac\.yaml/);
    assert.equal(error.exitCode, 75);
    return true;
  });
  assert.deepEqual(asked, ['GET /api/v1/namespaces/plumbline-system']);
});

test('should make nothing there, and go on where it is or may not be read', async () => {
  for (const status of [200, 403]) {
    await ensureOwnNamespaces(external, ({ method }) => {
      assert.equal(method, 'GET');
      return Promise.resolve({ status, body: {} });
    });
  }
});
