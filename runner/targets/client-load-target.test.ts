import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { applicationSchema } from '../../env/schema.ts';
import type { Environment } from '../../env/schema.ts';
import { openCluster } from '../../probes/kubernetes/index.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';
import { ApplicationAccess } from './application-access.ts';
import { loadOf } from './client-load-target.ts';

const folder = mkdtempSync(join(tmpdir(), 'client-load-target-'));
after(() => rmSync(folder, { recursive: true }));

/** A server that is reached at once, and the address of one that cannot be reached. */
const near: Server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
await once(near, 'listening');
after(() => near.close());
const NEAR = `127.0.0.1:${(near.address() as AddressInfo).port}`;
const NOWHERE = '127.0.0.1:1';

/** As much of a runner as sends a client load through an edge, with a bearer token from a Secret. */
function runnerWith(reread: () => Promise<string>, address = NEAR): RunnerCore {
  const application = applicationSchema.parse({
    follow: 'none',
    proof: 'none',
    credentials: { bearer: { secret: { namespace: 'shop', name: 'token', key: 'token' } } },
    requests: { look: { method: 'GET', path: '/alive', status: 204 } },
  });
  const backend = { deployment: { namespace: 'shop', name: 'orders' }, requestsPerSecond: 5 };
  const edge = { url: 'https://shop.test', address, trust: 'system', hops: [], backend };
  const environment = { application, topology: { edge } } as unknown as Environment;
  const access = new ApplicationAccess(environment, {
    secret: () => Promise.resolve('one'),
    reread,
    keep: () => undefined,
  });
  after(() => access.close());
  return { runState: { environment }, application: access } as unknown as RunnerCore;
}

test('should hand over the bearer token as it is when a client load starts, which asks as the runner does', async () => {
  const current = { token: 'two' };
  const runner = runnerWith(() => Promise.resolve(current.token));
  for (current.token of ['two', 'three']) {
    const { connection } = await loadOf(runner, 'edge');
    assert.deepEqual(connection.secrets, { bearer: current.token });
    const { identity } = await runner.application.open();
    assert.deepEqual(identity.headers(), { authorization: `Bearer ${current.token}` });
  }
});

test('should hand over the last bearer token that could be read', async () => {
  const runner = runnerWith(() => Promise.reject(new Error('the API server is away')));
  const { connection } = await loadOf(runner, 'edge');
  assert.deepEqual(connection.secrets, { bearer: 'one' });
  assert.match(runner.application.text() ?? '', /1 renewals failed: the API server is away$/);
});

test('should let a client of the edge connect for as long as it is far away', async () => {
  const limit = async (address: string) =>
    (
      await loadOf(
        runnerWith(() => Promise.resolve('t'), address),
        'edge',
      )
    ).connectTimeoutMs;
  assert.deepEqual([await limit(NEAR), await limit(NOWHERE)], [100, 500]);
});

/** A kubeconfig with two contexts, each with a user and a cluster of its own. */
function kubeconfigOf(users: Record<string, object>, cluster: object = {}): string {
  const names = Object.keys(users);
  const file = join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': names[0],
    clusters: names.map((name) => ({ name, cluster: { server: 'https://127.0.0.1:1', ...cluster } })),
    users: names.map((name) => ({ name, user: users[name] })),
    contexts: names.map((name) => ({ name, context: { cluster: name, user: name } })),
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

test('should write through the API as the account of the context, and as whom it asks', async () => {
  const kubeconfig = kubeconfigOf({
    one: { token: 'first' },
    two: { token: 'second', as: 'jane', 'as-groups': ['developers', 'admins'] },
  });
  const environment = { apiAddress: NEAR, namespaces: { canary: 'canary' } };
  const { signal } = new AbortController();
  const runner = (context?: string) => {
    const cluster = openCluster({ kubeconfig, signal, ...(context !== undefined && { context }) });
    return { runState: { environment }, parts: { cluster } } as unknown as RunnerCore;
  };
  const plain = await loadOf(runner(), 'control-plane');
  assert.deepEqual([plain.connection.password, plain.connection.declared?.['impersonation']], ['first', {}]);
  assert.equal(plain.connectTimeoutMs, 100);
  const second = runner('two');
  // What the file says later is of no interest: the cluster was compared with the pin when it was reached.
  kubeconfigOf({ three: { token: 'third' } });
  const { connection } = await loadOf(second, 'control-plane');
  assert.equal(connection.password, 'second');
  assert.deepEqual(connection.declared?.['impersonation'], {
    'Impersonate-User': 'jane',
    'Impersonate-Group': ['developers', 'admins'],
  });
});

test('should expect the certificate of the API under the name that the kubeconfig has for it', async () => {
  const { signal } = new AbortController();
  const named = async (apiAddress: string, cluster: object): Promise<unknown> => {
    const kubeconfig = kubeconfigOf({ one: { token: 'first' } }, cluster);
    const environment = { apiAddress, namespaces: { canary: 'canary' } };
    const parts = { cluster: openCluster({ kubeconfig, signal }) };
    const runner = { runState: { environment }, parts } as unknown as RunnerCore;
    return (await loadOf(runner, 'control-plane')).connection.declared?.['serverName'];
  };
  assert.equal(await named(NEAR, {}), '', 'an address has no name');
  assert.equal(await named('localhost:1', {}), 'localhost');
  for (const address of [NEAR, 'localhost:1'])
    assert.equal(await named(address, { 'tls-server-name': 'api.internal' }), 'api.internal');
});
