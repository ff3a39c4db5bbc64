import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodObject } from '../../probes/kubernetes/objects.ts';
import type { NewSeen } from '../../reports/record/observations/index.ts';
import { Evictions } from './evictions.ts';

const pod = (name: string, reason: string, more: { status?: string; going?: boolean } = {}): PodObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    uid: `uid-${name}`,
    namespace: 'tender',
    ...(more.going !== false && { deletionTimestamp: '2026-12-01T00:00:00Z' }),
  },
  spec: { containers: [] },
  status: {
    conditions: [{ type: 'DisruptionTarget', status: more.status ?? 'True', reason, message: 'evicting' }],
  },
});

test('should note each pod once that somebody else takes away, and none that is only replaced', () => {
  const seen: NewSeen<'member-evicted'>[] = [];
  const evictions = new Evictions((one) => seen.push(one));
  const replaced = { ...pod('postgres-2', ''), status: {} };
  const pods = [
    replaced,
    pod('postgres-1', 'EvictionByEvictionAPI'),
    pod('postgres-3', 'EvictionByEvictionAPI', { going: false }),
    pod('postgres-4', 'EvictionByEvictionAPI', { status: 'False' }),
    pod('postgres-5', 'DeletionByPodGC'),
  ];
  evictions.look(pods);
  evictions.look([...pods, pod('postgres-6', 'PreemptionByScheduler')]);
  assert.deepEqual(
    seen.map(({ member, uid, reason, message }) => [member, uid, reason, message]),
    [
      ['postgres-1', 'uid-postgres-1', 'EvictionByEvictionAPI', 'evicting'],
      ['postgres-6', 'uid-postgres-6', 'PreemptionByScheduler', 'evicting'],
    ],
  );
});
