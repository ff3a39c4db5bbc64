import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import { planChecks } from '../../suites/catalogue/index.ts';
import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import { ClusterPermits } from '../plan/cluster-permit.ts';
import { BlockedError } from '../../env/providers/provider.ts';
import type { KubeCall, RunSafety } from '../provider-safety.ts';
import { TestApi } from '../safety/_testing/api.ts';
import { safetyOptions } from '../safety/_testing/safety.ts';
import type { Connection } from './connect.ts';
import { takeEnvironment } from './take.ts';

const staging = await loadEnvironment('staging');
const { system } = staging.namespaces;
const OTHER = '/apis/coordination.k8s.io/v1/namespaces/team-b/leases/plumbline';

test('should be kept out by the Lease of another namespace only where a check that will run disturbs', async () => {
  const api = new TestApi();
  api.put(`/api/v1/namespaces/${system}`, {});
  const given = safetyOptions(api);
  const items = [{ metadata: { name: system } }, { metadata: { name: 'team-b' } }];
  const kube: KubeCall = (request) =>
    request.path.startsWith('/api/v1/namespaces?labelSelector=')
      ? Promise.resolve({ status: 200, body: { items } })
      : given.kube(request);
  api.put(OTHER, {});
  const planned = planChecks(staging, { checks: ['topology/nodes/pools', 'failover/postgres/pod-delete'] });
  // Owners were asked, since one of the planned checks disturbs.
  const permits = new ClusterPermits(kube, system);
  const take = (toRun: readonly PlannedCheck[]): Promise<RunSafety> =>
    takeEnvironment({
      environment: staging,
      toRun,
      permits,
      kube,
      runId: given.runId,
      readOnly: undefined,
      connection: { uid: given.clusterUid, kubeconfig: '/none' } as Connection,
      notice: () => undefined,
      signal: AbortSignal.timeout(60_000),
    });
  await assert.rejects(take(planned), BlockedError);
  const safety = await take(planned.filter(({ row }) => row.id === 'topology/nodes/pools'));
  assert.deepEqual((await safety.close()).failed, []);
});
