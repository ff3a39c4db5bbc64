import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import { planChecks } from '../index.ts';

test('should name the stand-ins of a check where they stand in, and nowhere else', async () => {
  const stubbedIn = async (name: string, id: string) => {
    const [planned] = planChecks(await loadEnvironment(name), { checks: [id] });
    assert.ok(planned !== undefined);
    return planned.row.stubbed;
  };
  assert.deepEqual(await stubbedIn('local', 'topology/edge/path'), ['Kong']);
  assert.deepEqual(await stubbedIn('local', 'failover/ai/pod-crash'), ['Kong', 'LLM']);
  assert.deepEqual(await stubbedIn('local', 'telemetry/dashboards'), ['Grafana']);
  for (const id of ['topology/edge/path', 'failover/ai/pod-crash', 'telemetry/dashboards'])
    assert.equal(await stubbedIn('staging', id), undefined, id);
});
