import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../../_testing/histories.ts';
import { LEASE_GOALS, leases } from '../../_testing/leases.ts';

const NAME = 'Deployment tender/api';
const HOUR = 3_600_000;
/** The wall clock of invented histories says this at their first second. */
const NOW = Date.parse('2026-01-01T00:00:01Z');
const ago = (ms: number): string => new Date(NOW - ms).toISOString();

interface Life {
  restarts: number;
  endedMs: number | null;
  ageMs: number;
  waiting?: string[];
}

/** The check's judgement of one pod where drills of other machines are not known. */
function judged({ restarts, endedMs, ageMs, waiting = [] }: Life, settings: object = {}, goals: object = {}) {
  const container = {
    name: 'api',
    restarts,
    endedAt: endedMs === null ? null : ago(endedMs),
    why: endedMs === null ? null : 'Error',
  };
  const pod = { workload: NAME, namespace: 'tender', name: 'api-1', createdAt: ago(ageMs) };
  const replicas = { workload: NAME, wanted: 1, ready: 1, updated: 1 };
  return judge({
    check: 'topology/workloads/declared',
    goals: {
      maxRestarts: 3,
      restartWindowMinutes: 10,
      restartsPerHour: 0.25,
      restartsPerDay: 4,
      ...LEASE_GOALS,
      ...goals,
    },
    settings: {
      workloads: [{ kind: 'Deployment', namespace: 'tender', name: 'api', replicas: { min: 1, max: 1 } }],
      closed: { namespaces: ['tender'], ignore: [] },
      drillsUnknown: 'the ConfigMap plumbline-system/plumbline-journal cannot be read (403)',
      ...settings,
    },
    seen: [
      ['namespace', { name: 'tender' }],
      ['replicas', { ...replicas, observed: true, rolling: false, stuck: false }],
      ['pod', { ...pod, waiting, containers: [container] }],
      ['owner', { kindName: 'Deployment', namespace: 'tender', name: 'api', pods: 1 }],
      ['owners', {}],
      ...leases(),
    ],
  });
}
const LATELY: Life = { restarts: 4, endedMs: 200_000, ageMs: 100 * HOUR };

test('should decide nothing of recent restarts where drills of other machines are not known', () => {
  assert.equal(judged(LATELY, { drillsUnknown: undefined }).verdict, 'fail', 'they are known');
  const recent = judged(LATELY);
  assert.equal(recent.verdict, 'inconclusive');
  assert.match(recent.reason, /4 restarts of api, the last 200 s ago; it is unknown whether .*\(403\)/);
  const again = judged({ restarts: 40, endedMs: 11 * 60_000, ageMs: 10 * HOUR });
  assert.equal(again.verdict, 'inconclusive');
  assert.match(again.reason, /40 restarts in 10\.0 hours; it is unknown/);
});

test('should judge what drills elsewhere cannot explain, though they are not known', () => {
  assert.equal(judged({ ...LATELY, restarts: 0, endedMs: null }).verdict, 'pass', 'nothing restarted');
  assert.equal(judged({ ...LATELY, endedMs: 2 * HOUR }).verdict, 'pass', 'it is over');
  assert.equal(judged({ ...LATELY, waiting: ['api: CrashLoopBackOff'] }).verdict, 'fail', 'it does so now');
  const daysAgo = (days: number) =>
    judged(
      { restarts: 4, endedMs: days * 24 * HOUR, ageMs: 1000 * HOUR },
      {},
      { restartWindowMinutes: 43_200 },
    );
  assert.equal(daysAgo(6).verdict, 'inconclusive');
  assert.equal(daysAgo(8).verdict, 'fail', 'no list reaches that far');
});

test('should judge by the drills that this machine knows, and decide nothing of restarts beyond them', () => {
  const own = {
    pods: ['tender/api-1'],
    from: ago(210_000),
    to: ago(190_000),
    restarts: { 'tender/api-1': 3 },
  };
  assert.equal(judged(LATELY, { drilled: [own] }).verdict, 'pass');
  const many = judged({ ...LATELY, restarts: 20 }, { drilled: [own] });
  assert.equal(many.verdict, 'inconclusive');
  assert.match(many.reason, /17 restarts since the drill of .*; it is unknown/);
});
