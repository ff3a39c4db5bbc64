import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../suites/harness/protocol.ts';
import { loadEnvironment } from '../env/loader.ts';
import { awaitHeartbeat, hasReturned } from './nodes-back.ts';

const LOST_MS = Date.parse('2026-11-24T20:00:00.400Z');

function pod(status: object, over: object = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pg-1', ...over }, status };
}
const running = (startedAt: string, ready: 'True' | 'False'): object => ({
  phase: 'Running',
  conditions: [{ type: 'Ready', status: ready }],
  containerStatuses: [{ name: 'a', state: { running: { startedAt } } }],
});

test('a pod has returned when it is ready and its containers started since the loss', () => {
  assert.equal(hasReturned(pod(running('2026-11-24T20:01:00Z', 'True')), LOST_MS), true);
  // Kubernetes writes whole seconds.
  assert.equal(hasReturned(pod(running('2026-11-24T20:00:00Z', 'True')), LOST_MS), true);
});

test('a ready condition of its former life proves nothing', () => {
  assert.equal(hasReturned(pod(running('2026-11-24T19:00:00Z', 'True')), LOST_MS), false);
  assert.equal(hasReturned(pod(running('2026-11-24T20:01:00Z', 'False')), LOST_MS), false);
  const waiting = { phase: 'Running', containerStatuses: [{ name: 'a', state: { waiting: {} } }] };
  assert.equal(hasReturned(pod(waiting), LOST_MS), false);
});

test('a pod that is over need not return', () => {
  assert.equal(hasReturned(pod({ phase: 'Succeeded' }), LOST_MS), true);
});

const { timeouts, ...rest } = await loadEnvironment('local-small');
const environment = { ...rest, timeouts: { ...timeouts, nodeReady: { seconds: 0.01, reason: 'a test' } } };

/** A node that is called Ready throughout, with the time of its last heartbeat. */
function beating(renewTime: string): Parameters<typeof awaitHeartbeat>[0] {
  const get = ({ kind, name }: { kind: string; name: string }): Promise<KubeObject> =>
    Promise.resolve({
      ...{ apiVersion: 'v1', kind, metadata: { name }, spec: { renewTime } },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
  return { book: { environment }, parts: { cluster: { get } } };
}

test('a node is back when it has sent a heartbeat since it was started, whatever it is called', async () => {
  const of = { node: 'gpu-1', startedMs: LOST_MS };
  const { signal } = new AbortController();
  assert.equal(await awaitHeartbeat(beating('2026-11-24T20:00:09Z'), of, signal), null);
  assert.match(
    (await awaitHeartbeat(beating('2026-11-24T19:59:59Z'), of, signal)) ?? '',
    /gpu-1 has sent no heartbeat within 0\.01 s/,
  );
});
