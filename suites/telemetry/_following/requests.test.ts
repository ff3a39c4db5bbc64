import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckContext } from '../../harness/context.ts';
import { servicePods } from './requests.ts';

function podOf(owner: string): object {
  const name = `${owner}-6f65d846fd-wlsg9`;
  return {
    metadata: {
      name,
      namespace: 'bids',
      labels: { 'pod-template-hash': '6f65d846fd' },
      ownerReferences: [{ kind: 'ReplicaSet', name: `${owner}-6f65d846fd`, controller: true }],
    },
    spec: { nodeName: 'w1', containers: [{ name: 'desk' }] },
    status: { containerStatuses: [{ name: 'desk', restartCount: 2 }] },
  };
}

/** Names of the pods whose logs are read, where the path has this one service. */
async function readOf(hop: object): Promise<string[]> {
  const workloads = ['bid-desk', 'bids.desk', 'other'].map((name) => ({
    kind: 'Deployment',
    namespace: 'bids',
    name,
  }));
  const context = {
    id: 'telemetry/logs/under-fault',
    settings: { telemetry: { traces: { path: [hop] } }, workloads },
    cluster: { items: () => Promise.resolve(['bid-desk', 'bids.desk', 'other', 'undeclared'].map(podOf)) },
  };
  const found = await servicePods(context as unknown as CheckContext);
  return found.map(({ pod, container, restarts }) => `${pod} ${container} ${restarts}`);
}

test('should read the pods of the workload that a service of the path says it is, or of the one with its name', async () => {
  assert.deepEqual(await readOf({ service: 'bids.desk', workload: 'bid-desk' }), [
    'bid-desk-6f65d846fd-wlsg9 desk 2',
  ]);
  assert.deepEqual(await readOf({ service: 'bid-desk' }), ['bid-desk-6f65d846fd-wlsg9 desk 2']);
  assert.deepEqual(await readOf({ service: 'undeclared' }), []);
});
