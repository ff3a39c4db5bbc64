import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { applicationSchema } from '../../env/schema.ts';
import type { Environment } from '../../env/schema.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';
import { ApplicationAccess } from './application-access.ts';
import { loadOf } from './client-load-target.ts';

/** As much of a runner as sends a client load through an edge, with a bearer token from a Secret. */
function runnerWith(reread: () => Promise<string>): RunnerCore {
  const application = applicationSchema.parse({
    ...{ follow: 'none', proof: 'none' },
    credentials: { bearer: { secret: { namespace: 'shop', name: 'token', key: 'token' } } },
    requests: { look: { method: 'GET', path: '/alive', status: 204 } },
  });
  const backend = { deployment: { namespace: 'shop', name: 'orders' }, requestsPerSecond: 5 };
  const edge = { url: 'https://shop.test', trust: 'system', hops: [], backend };
  const environment = { application, topology: { edge } } as unknown as Environment;
  const access = new ApplicationAccess(environment, {
    ...{ secret: () => Promise.resolve('one'), reread, keep: () => undefined },
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
