import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestError } from '../../../suites/harness/request-error.ts';
import { behind } from '../../targets/_testing/behind-gateway.ts';
import { gateway } from '../../targets/_testing/gateway.ts';
import { TelemetryRuns } from './runs.ts';

test('should send no canary requests for a check whose permit has ended since the run began, and follow lines all the same', async () => {
  const before = await gateway();
  const { runner, close } = behind(before);
  try {
    const permits = [{ checks: ['telemetry/**'], faults: [], until: '2020-01-01T00:00:00Z' }];
    Object.assign(runner.runState.environment, { permits });
    const runs = new TelemetryRuns(runner);
    const check = 'telemetry/traces/complete';
    const order = { check, trial: 1, run: 'r', follow: [], perSecond: 1, nodes: [], lines: 0, sinceMs: 0 };
    const { signal } = new AbortController();
    await assert.rejects(runs.start({ ...order, requests: 2 }, signal), (error) => {
      assert.ok(error instanceof RequestError);
      assert.equal(error.reason, 'not-permitted');
      assert.match(error.message, /its permit ended 2020/);
      return true;
    });
    assert.deepEqual(before.asked, []);
    await runs.start({ ...order, requests: 0 }, signal);
    await runs.stop(check);
  } finally {
    close();
    await before.close();
  }
});
