import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { judgedOver } from '../../_testing/observing.ts';

interface Given {
  requests?: Record<string, string>;
  limits?: Record<string, string>;
  claims?: { name: string }[];
}

const BOTH = { cpu: '1', memory: '512Mi' };

/** A Deployment as the API server has it: it writes no default into templates. */
function over(
  container: Given,
  { pod, gpu, settings }: { pod?: Given; gpu?: number; settings?: object } = {},
): Promise<Judgement> {
  const workload = {
    kind: 'Deployment',
    namespace: 'tender',
    name: 'api',
    replicas: { min: 1, max: 1 },
    serves: true,
    ...(gpu !== undefined && { gpu }),
  };
  const containers = [{ name: 'api', image: 'api:1', resources: container }];
  const spec = { containers, ...(pod !== undefined && { resources: pod }) };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'tender', name: 'api' },
    spec: { replicas: 1, template: { spec } },
  };
  return judgedOver('topology/workloads/resources', {
    settings: { workloads: [workload], ...settings },
    objects: [deployment],
  });
}

describe('topology/workloads/resources', () => {
  it('should take limits for requests that are left out, as the API server does for the pods', async () => {
    const stated: Given[] = [{}, { requests: {} }, { requests: { cpu: '250m' } }];
    for (const given of stated) {
      const { verdict, reason } = await over({ limits: BOTH, ...given });
      assert.equal(verdict, 'pass', reason);
    }
    const nothing = await over({ limits: BOTH, requests: { memory: '0' } });
    assert.match(nothing.reason, /^memory requests of .*: expected set, seen 0/);
    const unlimited = await over({ requests: BOTH, limits: { cpu: '1' } });
    assert.match(unlimited.reason, /^memory limits of .*: expected set, seen not set/);
  });

  it('should count what the pod is given as a whole', async () => {
    assert.equal((await over({}, { pod: { limits: BOTH } })).verdict, 'pass');
    assert.equal(
      (await over({ limits: { cpu: '1' } }, { pod: { limits: { memory: '1Gi' } } })).verdict,
      'pass',
    );
    assert.equal((await over({}, { pod: { requests: BOTH } })).verdict, 'fail', 'no limits');
    assert.equal((await over({})).verdict, 'fail');
  });

  it('should count devices by the limits of containers alone', async () => {
    const devices = { ...BOTH, 'nvidia.com/gpu': '1' };
    assert.equal((await over({ limits: devices }, { gpu: 1 })).verdict, 'pass');
    assert.equal((await over({ limits: BOTH, requests: devices }, { gpu: 1 })).verdict, 'fail');
  });

  it('should be open where devices are given through claims, which no limit counts', async () => {
    const claimed = { limits: BOTH, claims: [{ name: 'gpu' }] };
    const gpu = {
      resource: 'nvidia.com/gpu',
      pool: 'gpu',
      devicesPerNode: 2,
      sharedBy: 1,
      simulated: false,
      claims: { driver: 'gpu.nvidia.com' },
    };
    const open = await over(claimed, { gpu: 1, settings: { gpu } });
    assert.equal(open.verdict, 'inconclusive', open.reason);
    assert.match(open.reason, /expected 1 devices, seen 0 by limits; others may come through ResourceClaims/);
    const undeclared = await over(claimed, { gpu: 1 });
    assert.match(undeclared.reason, /expected 1 devices, seen 0$/, 'gpu.claims is not declared');
    assert.equal(undeclared.verdict, 'fail');
    assert.equal((await over({ limits: BOTH }, { gpu: 1, settings: { gpu } })).verdict, 'fail', 'no claim');
    const both = { ...claimed, limits: { ...BOTH, 'nvidia.com/gpu': '1' } };
    assert.equal((await over(both, { gpu: 1, settings: { gpu } })).verdict, 'pass');
    const more = { ...claimed, limits: { ...BOTH, 'nvidia.com/gpu': '2' } };
    assert.equal(
      (await over(more, { gpu: 1, settings: { gpu } })).verdict,
      'fail',
      'claims only add devices',
    );
  });
});
