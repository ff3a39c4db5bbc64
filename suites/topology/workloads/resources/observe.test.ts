import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { judgedOver } from '../../_testing/observing.ts';

interface Given {
  requests?: Record<string, string>;
  limits?: Record<string, string>;
}

const BOTH = { cpu: '1', memory: '512Mi' };

/** A Deployment as the API server has it: it writes no default into templates. */
function over(container: Given, { pod, gpu }: { pod?: Given; gpu?: number } = {}): Promise<Judgement> {
  const workload = {
    ...{ kind: 'Deployment', namespace: 'tender', name: 'api', replicas: { min: 1, max: 1 }, serves: true },
    ...(gpu !== undefined && { gpu }),
  };
  const containers = [{ name: 'api', image: 'api:1', resources: container }];
  const spec = { containers, ...(pod !== undefined && { resources: pod }) };
  const deployment = {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace: 'tender', name: 'api' } },
    spec: { replicas: 1, template: { spec } },
  };
  return judgedOver('topology/workloads/resources', {
    settings: { workloads: [workload] },
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
});
