import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topology } from '../../../../env/schema/topology.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { observe } from './observe.ts';

const POOL = { 'example/pool': 'general' };
const DECLARED = topology.parse({ pools: [{ name: 'general', count: 1, labels: POOL }] });
const READY = { conditions: [{ type: 'Ready', status: 'True' }] };

interface Taint {
  key: string;
  effect: string;
}

/** What is recorded of a Ready node of the pool with these taints: its taints, or those by which it is coming or going. */
async function recorded(
  taints: Taint[],
  nodes = DECLARED.nodes,
): Promise<{ taints: unknown; passing: unknown; listed: unknown }> {
  const seen = new Map<string, Record<string, unknown>>();
  const node = { metadata: { name: 'a', labels: POOL }, spec: { taints }, status: READY };
  const context = {
    settings: { pools: DECLARED.pools, nodes },
    goals: { clockSeconds: 10 },
    signal: new AbortController().signal,
    timeoutMs: () => 1,
    step: (_title: string, work: () => unknown) => work(),
    cluster: {
      items: () => Promise.resolve([node]),
      list: () => Promise.resolve({ items: [node] }),
      raw: () => Promise.resolve({ status: 403, body: '' }),
    },
    record: (kind: string, fields: Record<string, unknown>) => seen.set(kind, fields),
  };
  await observe(context as unknown as CheckContext);
  return {
    taints: seen.get('node')?.['taints'],
    passing: seen.get('node-passing')?.['taints'],
    listed: seen.get('nodes')?.['names'],
  };
}

const hard = (key: string): Taint => ({ key, effect: 'NoSchedule' });

test('should take a node for coming or going by the taints of autoscalers and cloud providers', async () => {
  for (const key of [
    'node.cloudprovider.kubernetes.io/uninitialized',
    'ToBeDeletedByClusterAutoscaler',
    'karpenter.sh/disrupted',
  ]) {
    const { taints, passing, listed } = await recorded([hard(key)]);
    assert.deepEqual([taints, passing, listed], [undefined, [key], []]);
  }
});

test('should take the taints that the environment declares to come and go in their place', async () => {
  const nodes = { others: [], passingTaints: ['nodes.example/*'] };
  const { passing } = await recorded([hard('nodes.example/warming'), hard('karpenter.sh/x')], nodes);
  assert.deepEqual(passing, ['nodes.example/warming']);
  const { taints } = await recorded([hard('karpenter.sh/x')], nodes);
  assert.deepEqual(taints, [{ key: 'karpenter.sh/x', value: null, effect: 'NoSchedule' }]);
});

test('should look at a node that pods only had better not go to, and record any other taint', async () => {
  const soft = { key: 'DeletionCandidateOfClusterAutoscaler', effect: 'PreferNoSchedule' };
  const { taints, passing } = await recorded([soft, hard('gpu')]);
  assert.equal(passing, undefined);
  assert.deepEqual(taints, [{ key: 'gpu', value: null, effect: 'NoSchedule' }]);
});
