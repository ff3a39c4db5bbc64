/** What a profile requires though it does not run: a run in which it is missing is inconclusive, and never MET. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import type { Environment } from '../../../env/schema.ts';
import { planChecks } from '../index.ts';
import type { PlannedCheck, Selection } from '../index.ts';

const local = await loadEnvironment('local');
const staging = await loadEnvironment('staging');

/** As docs/guide/profiles-and-goals.md has it. */
const SMOKE = { smoke: { checks: ['topology/**'], required: ['gpu/allocatable'], optional: [] } };

const idsOf = (planned: readonly PlannedCheck[]): string[] => planned.map(({ row }) => row.id);

test('should have in a profile what only its `required` names, declared or not', () => {
  const gpu = (environment: Environment, selection: Selection = {}): unknown[] =>
    planChecks({ ...environment, profiles: SMOKE }, { profile: 'smoke', ...selection }).flatMap(
      ({ row, required, notRun }) =>
        row.built && row.id.startsWith('gpu/') ? [[row.id, required, notRun?.text ?? null]] : [],
    );
  assert.deepEqual(gpu(local), [['gpu/allocatable', true, null]]);
  const { gpu: _gpu, ...without } = local;
  assert.deepEqual(gpu(without), [['gpu/allocatable', true, 'not declared: gpu']]);
  assert.deepEqual(gpu(without, { checks: ['gpu/allocatable'] }), gpu(without));
  assert.deepEqual(gpu(local, { suites: ['topology'] }), [], 'it was not selected');
});

const BEGIN = '2026-11-24T20:00:00Z';
const END = '2026-11-24T23:00:00Z';

function gateAt(now: string, permits: Environment['permits'] = staging.permits): PlannedCheck[] {
  const timed = permits.map((permit) => ({ ...permit, from: BEGIN, until: END }));
  return planChecks({ ...staging, permits: timed }, { profile: 'gate', now: new Date(now) });
}

const requiredOf = (planned: readonly PlannedCheck[]): string[] =>
  idsOf(planned.filter(({ required }) => required));

test('should require of a gate the same before, during and after the time of its permits', () => {
  const during = gateAt('2026-11-24T22:00:00Z');
  assert.ok(requiredOf(during).length > 60, String(requiredOf(during).length));
  for (const [now, why] of [
    ['2026-11-24T19:59:00Z', `not permitted: its permit starts only at ${BEGIN}`],
    ['2026-11-24T23:01:00Z', `not permitted: its permit ended ${END}`],
  ] as const) {
    const planned = gateAt(now);
    assert.deepEqual(requiredOf(planned), requiredOf(during), now);
    const missing = planned.filter(({ required, notRun }) => required && notRun !== null);
    assert.ok(missing.length > 40, String(missing.length));
    assert.deepEqual([...new Set(missing.map(({ notRun }) => notRun?.text))], [why]);
  }
});

test('should not require after the time of a permit what it did not let run in that time', () => {
  const after = '2026-11-24T23:01:00Z';
  const required = requiredOf(gateAt(after));
  assert.ok(!required.includes('failover/neo4j/hang'), 'the gate lets it off');
  assert.ok(!required.includes('failover/postgres/node-loss'), 'cluster.power is not declared');
  assert.ok(!required.includes('integrations/llm'), 'it cannot pass there');
  const crashes = gateAt(after, [{ checks: ['failover/**'], faults: ['pod-crash'] }]);
  assert.deepEqual(
    requiredOf(crashes).filter((id) => id.startsWith('failover/postgres/')),
    ['failover/postgres/pod-crash'],
  );
});
