import assert from 'node:assert/strict';
import { test } from 'node:test';
import { switchover } from './switchover.ts';
import { serving, targetOf } from './_testing/server.ts';
import type { Switchover } from '../store/store-driver.ts';
import { errorText } from '../../reports/record/error-text.ts';

const NODES = {
  A: { name: 'es-0', roles: ['master', 'data'] },
  B: { name: 'es-1', roles: ['master', 'data'] },
};

interface Cluster {
  /** Id of the node that holds the canary's primary shard, and of the master. */
  primary: string;
  master: string;
}

function stateOf({ primary, master }: Cluster): unknown {
  const copies = ['A', 'B'].map((node) => ({ node, primary: node === primary, state: 'STARTED' }));
  return {
    master_node: master,
    nodes: NODES,
    routing_table: { indices: { 'plumbline-canary': { shards: { 0: copies } } } },
  };
}

/** Orders a change away from es-0; `act` answers what is no look at the state, and changes the cluster. */
async function changing(
  cluster: Cluster,
  act: (asked: string) => { status?: number; json: unknown },
): Promise<{ done: Switchover | null; failure: string; orders: string[] }> {
  const orders: string[] = [];
  let done: Switchover | null = null;
  let failure = '';
  await serving(
    (asked) => {
      if (asked.startsWith('GET /_cluster/state')) return { json: stateOf(cluster) };
      orders.push(asked);
      return act(asked);
    },
    async (port) => {
      const target = targetOf(port, ['es-0', 'es-1']);
      try {
        done = await switchover(target, { run: 'r', from: 'es-0' }, { deadlineMs: 2_000 });
      } catch (error) {
        failure = errorText(error);
      }
    },
  );
  return { done, failure, orders };
}

test('should commit every copy before it takes the primary away', async () => {
  const cluster = { primary: 'A', master: 'B' };
  const { done, failure, orders } = await changing(cluster, (asked) => {
    if (asked.includes('/_flush')) return { json: { _shards: { total: 3, successful: 3, failed: 0 } } };
    cluster.primary = 'B';
    return { json: {} };
  });
  assert.deepEqual(orders, [
    'POST /plumbline-canary/_flush?wait_if_ongoing=true',
    'POST /_cluster/reroute?metric=none',
  ]);
  assert.equal(done?.to, 'es-1', failure);
  assert.match(done.detail, /3 of 3 copies flushed.*primary shard: es-0 → es-1/);
});

test('should go on where it cannot commit, and say so', async () => {
  const cluster = { primary: 'A', master: 'B' };
  const { done, failure } = await changing(cluster, (asked) => {
    if (asked.includes('/_flush')) return { status: 503, json: { error: { type: 'unavailable' } } };
    cluster.primary = 'B';
    return { json: {} };
  });
  assert.match(done?.detail ?? failure, /^not flushed \(.*503/);
});

test('should give a master its vote back, also where the order itself failed', async () => {
  const { failure, orders } = await changing({ primary: 'B', master: 'A' }, (asked) =>
    asked.startsWith('POST') ? { status: 503, json: { error: { type: 'timeout_exception' } } } : { json: {} },
  );
  assert.match(failure, /timeout_exception/);
  assert.deepEqual(orders, [
    'POST /_cluster/voting_config_exclusions?node_names=es-0',
    'DELETE /_cluster/voting_config_exclusions?wait_for_removal=false',
  ]);
});
