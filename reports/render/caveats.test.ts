import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixtureCheck, fixtureRecord } from './_testing/fixture.ts';
import { caveats } from './text.ts';

test('should count what is not written in suites of which nothing else is shown, and say of no suite that all of it is missing', () => {
  const unwritten = (id: string) =>
    fixtureCheck(id, { verdict: 'not-run', reason: 'not written yet', built: false, required: false });
  const [first] = caveats(
    fixtureRecord([
      fixtureCheck('scaling/backend/up'),
      unwritten('scaling/nodes/autoscale'),
      // A profile of `scaling` alone: what is written of topology is not in its report.
      unwritten('topology/mesh/istio'),
      unwritten('topology/network/policy'),
      unwritten('security/rbac'),
    ]),
  );
  assert.equal(
    first,
    '4 checks that Plumbline knows are not written yet, among them 2 of topology, 1 of security: nothing is known of what they are about.',
  );
});

test('should say how many checks ran on full cores and did not pass, and nothing where all of them passed', () => {
  const used = (mean: number, verdict: 'pass' | 'fail' | 'inconclusive') =>
    fixtureCheck(`failover/redis/${verdict}-${mean}`, {
      verdict,
      pressure: { cpu: null, memory: null, io: null, others: null, spanMs: 1000, used: { mean, most: 1 } },
    });
  const said = (...checks: ReturnType<typeof used>[]) =>
    caveats(fixtureRecord(checks)).filter((sentence) => sentence.includes('of the cores'));
  assert.deepEqual(said(used(0.95, 'pass'), used(0.89, 'fail')), []);
  assert.deepEqual(said(used(0.9, 'pass'), used(0.97, 'fail'), used(1, 'inconclusive'), used(0.4, 'fail')), [
    'During 3 checks 90 % or more of the cores of this machine were in use: 2 of them did not pass, and might with more cores. No verdict was changed for that.',
  ]);
});
