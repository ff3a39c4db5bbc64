import assert from 'node:assert/strict';
import { it } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';
import { deploymentFault, deploymentOf, deploymentPods } from './deployments.ts';

it('should find the pods that a fault can hit, and none that is over', async () => {
  const environment = await loadEnvironment('local');
  const runState = { environment };
  const { namespace, name } = deploymentOf({ runState } as unknown as RunnerCore, 'backend');
  const pod = (own: string, status: object, more: object = {}) => ({
    metadata: {
      namespace,
      name: own,
      labels: { 'pod-template-hash': '5d8' },
      ownerReferences: [{ kind: 'ReplicaSet', name: `${name}-5d8`, controller: true }],
      ...more,
    },
    spec: { nodeName: 'a', containers: [{ name: 'api' }] },
    status,
  });
  const items = [
    pod('running', { phase: 'Running' }),
    pod('evicted', { phase: 'Failed', reason: 'Evicted' }),
    pod('completed', { phase: 'Succeeded' }),
    pod('of-a-rollout', { phase: 'Running' }, { labels: { 'rollouts-pod-template-hash': '5d8' } }),
    pod('going', { phase: 'Running' }, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
  ];
  const parts = { cluster: { list: () => Promise.resolve({ items }) } };
  const pods = await deploymentPods({ runState, parts } as unknown as RunnerCore, 'backend');
  assert.deepEqual(
    pods.map((one) => one.name),
    ['running', 'of-a-rollout'],
  );
});

it('should leave alone the pods of a ReplicaSet that is only named like one of its own', async () => {
  const environment = await loadEnvironment('local');
  const runState = { environment };
  const { namespace, name } = deploymentOf({ runState } as unknown as RunnerCore, 'backend');
  const pod = (of: string, { labels = {}, controller = true } = {}) => ({
    metadata: {
      namespace,
      name: `${of}-abcde`,
      labels,
      ownerReferences: [{ kind: 'ReplicaSet', name: of, controller }],
    },
    spec: { containers: [] },
    status: { phase: 'Running' },
  });
  const labels = { 'pod-template-hash': '5d8' };
  const items = [
    pod(`${name}-debug`),
    pod(`${name}-debug`, { labels }),
    pod(`${name}-canary-5d8`, { labels }),
    pod(`${name}-5d8`, { labels, controller: false }),
  ];
  const parts = { cluster: { list: () => Promise.resolve({ items }) } };
  assert.deepEqual(await deploymentPods({ runState, parts } as unknown as RunnerCore, 'backend'), []);
});

it('should name the container of the AI service only where it is declared', async () => {
  const environment = await loadEnvironment('local');
  assert.ok(environment.ai !== undefined);
  const containerOf = (ai: object): string | null =>
    deploymentFault({ runState: { environment: { ...environment, ai } } } as unknown as RunnerCore, {
      subject: 'ai',
      target: 'random',
    }).container;
  assert.equal(containerOf(environment.ai), null);
  assert.equal(containerOf({ ...environment.ai, container: 'worker' }), 'worker');
});
