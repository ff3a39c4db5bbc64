import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckContext } from '../../../harness/context.ts';
import { observe } from './observe.ts';

test('should create nothing where there is no node to probe from, and say so', async () => {
  const unavailable: string[] = [];
  const nodes = { others: [{ labels: { team: 'x' }, reason: 'r' }], passingTaints: [] };
  const network = { cni: { name: 'bridge' }, policyEnforced: true, probeImage: 'i' };
  const theirs = { metadata: { name: 'theirs', labels: { team: 'x' } }, spec: {}, status: {} };
  const context = {
    id: 'topology/network/reachability',
    settings: { network, nodes, namespaces: { canary: 'c' } },
    step: (_title: string, body: () => unknown) => body(),
    record: () => undefined,
    unavailable: (what: string) => unavailable.push(what),
    cluster: {
      items: () => Promise.resolve([theirs]),
      apply: () => Promise.reject(new Error('nothing may be created')),
    },
  };
  await observe(context as unknown as CheckContext);
  assert.deepEqual(unavailable, ['a node to probe from']);
});
