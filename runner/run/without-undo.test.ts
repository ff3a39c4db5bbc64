import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import { planChecks } from '../../suites/catalogue/index.ts';
import { TestApi } from '../safety/_testing/api.ts';
import { withoutUndo } from './without-undo.ts';

const staging = await loadEnvironment('staging');
const ACCOUNT = '/api/v1/namespaces/plumbline-system/serviceaccounts/plumbline-undo';
const READS = 'topology/nodes/pools';
const CANARIES = 'topology/network/reachability';
const planned = planChecks(staging, {
  checks: [READS, CANARIES, 'failover/postgres/{hang,pod-delete,switchover}'],
});

function undoingIn(api: TestApi, namespaces: string): void {
  api.put(ACCOUNT, { metadata: { annotations: { 'plumbline.dev/undoes-in': namespaces } } });
}

async function refused(api: TestApi, environment = staging): Promise<string[]> {
  return [...(await withoutUndo(environment, planned, api.call))].map(([id, why]) => {
    assert.match(why, /ServiceAccount plumbline-system\/plumbline-undo.*deploy\/rbac\.yaml$/);
    return id;
  });
}

test('should name what needs the Job that undoes, where the owners gave it no account, and nothing else', async () => {
  const api = new TestApi();
  assert.deepEqual(await refused(api), [CANARIES, 'failover/postgres/hang']);
  api.put(ACCOUNT, {});
  assert.deepEqual(await refused(api), [CANARIES, 'failover/postgres/hang'], 'it has no annotation');
  undoingIn(api, 'plumbline-canary, plumbline-drill');
  assert.deepEqual(await refused(api), []);
  assert.deepEqual([...new Set(api.requests.map(({ method }) => method))], ['GET']);
});

test('should name what needs the Job that undoes, where no image is named for it or its Deployment is not there', async () => {
  const api = new TestApi();
  undoingIn(api, 'plumbline-canary, plumbline-drill');
  const { undoImage: _, ...drills } = staging.drills;
  const named = async (undoImage?: object): Promise<Map<string, string>> => {
    const environment = { ...staging, drills: { ...drills, ...undoImage } };
    return withoutUndo(environment, planned, api.call);
  };
  const without = await named();
  assert.deepEqual([...without.keys()], [CANARIES, 'failover/postgres/hang']);
  for (const why of without.values())
    assert.match(why, /^nothing is made here that a Job .*: drills\.undoImage names no image$/);
  assert.deepEqual(api.requests, []);
  const deployed = { undoImage: { deployment: { namespace: 'tender', name: 'api' } } };
  assert.match((await named(deployed)).get(CANARIES) ?? '', /Deployment tender\/api, which does not exist$/);
  api.put('/apis/apps/v1/namespaces/tender/deployments/api', {});
  assert.deepEqual([...(await named(deployed))], []);
});

test('should name what would be made where the owners do not let the Job undo', async () => {
  const api = new TestApi();
  undoingIn(api, 'plumbline-canary, plumbline-drill');
  const elsewhere = { ...staging, namespaces: { ...staging.namespaces, canary: 'team-canary' } };
  assert.deepEqual(
    [...(await withoutUndo(elsewhere, planned, api.call))],
    [
      [
        CANARIES,
        'undo Job: the owners of the cluster permit it to undo in plumbline-canary, plumbline-drill (annotation plumbline.dev/undoes-in of the ServiceAccount plumbline-undo), not in team-canary',
      ],
    ],
  );
});

test('should refuse nothing where a run only reads, in an embedded environment, or where nobody answers', async () => {
  const api = new TestApi();
  assert.deepEqual(await refused(api, { ...staging, readOnly: true }), []);
  assert.deepEqual(await refused(api, await loadEnvironment('local-small')), []);
  assert.deepEqual(api.requests, []);
  api.down = true;
  assert.deepEqual(await refused(api), []);
});
