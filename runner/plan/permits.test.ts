import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Environment } from '../../env/schema.ts';
import { loadEnvironment } from '../../env/loader.ts';
import type { Mutation } from '../provider-safety.ts';
import { ClusterPermits } from './cluster-permit.ts';
import { permitOf } from './permits.ts';

const CHECK = 'failover/backend/pod-crash';
const staging: Environment = {
  ...(await loadEnvironment('staging')),
  permits: [{ checks: ['failover/**'], faults: ['pod-crash'], until: '2999-01-01T00:00:00Z', ticket: 'T' }],
};
/** As the owners of the cluster write it: crashes of pods, and nothing else. */
const cluster = Object.assign(Object.create(ClusterPermits.prototype) as ClusterPermits, {
  problem: ({ fault }: { fault?: string }) =>
    fault === 'pod-crash' ? null : `no permit for ${fault ?? '–'}`,
});
const asked = (fault?: string): Mutation => ({
  check: CHECK,
  title: 't',
  access: 'fault',
  ...(fault !== undefined && { fault }),
  rollbacks: [],
  act: () => Promise.resolve(),
});

test('should let the fault through that the check declares and the permits name, and no other', async () => {
  const permit = permitOf(staging, cluster);
  assert.equal(await permit(asked('pod-crash')), null);
  assert.equal(await permit(asked()), null);
  for (const other of ['node-loss', 'hang', 'cut-then-crash'])
    assert.equal(await permit(asked(other)), `${CHECK} may inject pod-crash, but asks for ${other}`);
});

test('should let what an injector needs through with the permit of its fault', async () => {
  assert.equal(await permitOf(staging, cluster)(asked('injector')), null);
});
