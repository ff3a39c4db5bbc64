import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../suites/harness/protocol.ts';
import { atRest } from './at-rest.ts';
import type { SnapshotSource } from './snapshot/stores.ts';

/** A Deployment of two, which has as many ready pods at each look as is said; the last number holds from then on. */
function readyAtEachLook(numbers: readonly number[], settle: number): SnapshotSource {
  let looks = 0;
  const list = ({ kind }: { kind: string }): Promise<{ items: KubeObject[] }> => {
    if (kind !== 'apps/v1/Deployment') return Promise.resolve({ items: [] });
    const readyReplicas = numbers[Math.min(looks, numbers.length - 1)];
    looks += 1;
    const metadata = { namespace: 'tender', name: 'api' };
    const status = { replicas: 2, updatedReplicas: 2, readyReplicas };
    const spec = { replicas: 2, template: { spec: { containers: [] } } };
    const api = { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec, status };
    return Promise.resolve({ items: [api] });
  };
  const namespaces = { platform: 'tender', edge: 'edge', canary: 'canary' };
  const environment = {
    namespaces,
    stores: {},
    topology: { workloads: [] },
    cluster: { embedded: 'local' },
    timeouts: { settle: { seconds: settle } },
  };
  const { signal } = new AbortController();
  return {
    runState: { environment },
    stores: {},
    parts: { cluster: { list }, signal },
  } as unknown as SnapshotSource;
}

const look = (source: SnapshotSource): ReturnType<typeof atRest> => atRest(source, source.parts.signal);

test('should not take what is still in motion for how the environment was', async () => {
  const { seen, restless } = await look(readyAtEachLook([1, 2], 5));
  assert.deepEqual(restless, []);
  assert.equal(seen.objects.get('Deployment tender/api')?.ready, true);
});

test('should say what does not come to rest in time', async () => {
  const { restless } = await look(readyAtEachLook([1], 0));
  assert.deepEqual(restless, ['Deployment tender/api is not ready']);
});
