import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckContext } from '../../../harness/context.ts';
import { observe } from './observe.ts';

const pod = (name: string, nodeName: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    namespace: 'n',
    name,
    ownerReferences: [{ kind: 'DaemonSet', name: 'lines', controller: true }],
  },
  spec: { nodeName, containers: [{ name: 'a' }, { name: 'b' }] },
  status: { phase: 'Running' },
});
const node = (name: string, labels: object): object => ({ metadata: { name, labels }, spec: {}, status: {} });

test('should count the pods on nodes that are left out apart from those that it looks at', async () => {
  const objects: Record<string, object[]> = {
    'v1/Pod': [pod('lines-1', 'own'), pod('lines-2', 'own'), pod('lines-3', 'theirs')],
    'v1/Node': [node('own', {}), node('theirs', { team: 'x' })],
  };
  const workload = { kind: 'DaemonSet', namespace: 'n', replicas: { min: 3, max: 3 }, serves: false };
  const seen: [string, unknown][] = [];
  const unavailable: string[] = [];
  const context = {
    id: 'telemetry/logs/every-workload',
    settings: {
      workloads: [
        { ...workload, name: 'lines' },
        { ...workload, name: 'gone' },
      ],
      topology: { workloads: [], nodes: { others: [{ labels: { team: 'x' }, reason: 'r' }] } },
    },
    step: (_title: string, body: () => unknown) => body(),
    cluster: { items: ({ kind }: { kind: string }) => Promise.resolve(objects[kind] ?? []) },
    record: (kind: string, fields: unknown) => seen.push([kind, fields]),
    // Without an image no lines are written, and nothing more is looked at.
    unavailable: (what: string) => unavailable.push(what),
  };
  await observe(context as unknown as CheckContext);
  assert.deepEqual(seen, [
    ['logging-workload', { workload: 'DaemonSet n/lines', pods: 2, containers: 4, elsewhere: 1 }],
    ['logging-workload', { workload: 'DaemonSet n/gone', pods: 0, containers: 0, elsewhere: 0 }],
  ]);
  assert.deepEqual(unavailable, ['an image for canaries']);
});
