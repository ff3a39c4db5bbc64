import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckContext } from '../../../harness/context.ts';
import type { KubeObject } from '../../../harness/protocol.ts';
import { observe } from './observe.ts';

test('should keep its pod off the nodes of others', async () => {
  const applied: KubeObject[] = [];
  const canary = { alert: 'A', metric: 'm', service: 's', port: 9000 };
  const others = [{ labels: { team: 'x' }, reason: 'r' }];
  const context = {
    id: 'telemetry/alerts/fires',
    trial: 1,
    settings: {
      telemetry: { alerts: { canary } },
      writes: true,
      namespaces: { canary: 'c' },
      network: { probeImage: 'i' },
      topology: { pools: [], nodes: { others, passingTaints: [] } },
    },
    signal: new AbortController().signal,
    step: (_title: string, body: () => unknown) => body(),
    timeoutMs: () => 1000,
    record: () => undefined,
    unavailable: () => undefined,
    cluster: {
      apply: (objects: KubeObject[]) => {
        applied.push(...objects);
        return Promise.reject(new Error('as far as this test goes'));
      },
      remove: () => Promise.resolve(),
    },
  };
  await observe(context as unknown as CheckContext);
  const pods = applied.filter(({ kind }) => kind === 'Pod');
  assert.equal(pods.length, 1);
  assert.match(JSON.stringify(pods[0]?.spec), /"key":"team","operator":"NotIn","values":\["x"\]/);
});

test('should look for policies that isolate its pod where the alert is missing, and only there', async () => {
  const deny = {
    metadata: { name: 'deny', namespace: 'c' },
    spec: { podSelector: {}, policyTypes: ['Ingress'] },
  };
  const recordedWith = async (seen: readonly number[]): Promise<[string, unknown][]> => {
    const answers = [...seen];
    const recorded: [string, unknown][] = [];
    const context = {
      id: 'telemetry/alerts/fires',
      trial: 1,
      settings: {
        telemetry: { alerts: { canary: { alert: 'A', metric: 'm', service: 's', port: 9000 } } },
        writes: true,
        namespaces: { canary: 'c' },
        network: { probeImage: 'i' },
      },
      signal: new AbortController().signal,
      step: (_title: string, body: () => unknown) => body(),
      timeoutMs: () => 20,
      record: (kind: string, fields?: unknown) => recorded.push([kind, fields]),
      unavailable: () => undefined,
      runner: { call: () => Promise.resolve({ seen: answers.shift() ?? 0, state: 'active' }) },
      cluster: {
        apply: () => Promise.resolve(),
        wait: () => Promise.resolve({ items: [] }),
        remove: () => Promise.resolve(),
        list: () => Promise.resolve({ items: [deny] }),
      },
    };
    await observe(context as unknown as CheckContext);
    return recorded;
  };
  assert.deepEqual(await recordedWith([]), [
    ['breach', undefined],
    ['alert-missing', undefined],
    ['canary-isolation', { policies: ['c/deny'], egress: [], ingress: ['c/deny'] }],
    ['breach-ended', undefined],
    ['alert-ended', undefined],
  ]);
  const arrived = await recordedWith([1]);
  assert.deepEqual(arrived, [
    ['breach', undefined],
    ['alert-arrived', { state: 'active' }],
    ['breach-ended', undefined],
    ['alert-ended', undefined],
  ]);
});
