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
