import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreementRules } from './fault-trial.ts';
import { requestsOnly } from '../_testing/requests-only.ts';
import type { Synthetic } from '../_testing/synthetic.ts';

const edge = { url: 'https://edge.test/tenders', correlationHeader: 'x-mark', hops: [] };
const workloads = [{ kind: 'Deployment', namespace: 'tender', name: 'api', replicas: { min: 2, max: 5 } }];

const trial = (fault = 'pod-crash'): Synthetic =>
  requestsOnly('edge', {
    check: `failover/backend/${fault}`,
    spacingMs: 10,
    outages: [],
    settings: { topology: { edge, workloads } },
  });

/** The inconsistency reported once observations of a kind are changed. */
function gapOf(kind: string, change: Record<string, unknown>, made = trial()): string {
  const history = made.history();
  const observations = history.observations.map((seen) =>
    seen.kind === kind ? { ...seen, ...change } : seen,
  );
  return agreementRules({ ...history, observations }, { store: 'edge', ratePerSecond: 100 })
    .filter(({ verdict }) => verdict !== 'pass')
    .map(({ text }) => text)
    .join('; ');
}

test('should hold what a client of the edge waits for, and where it asks, against what is declared', () => {
  const start = trial()
    .history()
    .observations.find(({ kind }) => kind === 'client-load-start') as unknown as {
    settings: Record<string, unknown>;
  };
  const settings = (more: object): string =>
    gapOf('client-load-start', { settings: { ...start.settings, port: 443, ...more } });
  assert.equal(settings({}), '');
  assert.match(settings({ port: 4430 }), /:4430, declared is .*:443/);
  assert.match(settings({ connections: 0 }), /0 connections/);
  assert.match(settings({ connectTimeoutMs: 1_000 }), /1000 ms to connect/);
});

test('should want each step after the one before it, and each outcome with its reason', () => {
  const port = trial();
  assert.match(
    gapOf('steady', { t: 5_000_000 }, port),
    /fault-armed was recorded before the step that must precede it/,
  );
  const unsaid = trial();
  unsaid.write(700).outcome = 'unknown';
  assert.match(
    gapOf('none', {}, unsaid),
    /write 700 has the outcome unknown, which does not fit its detail ""/,
  );
});

test('should know when another template took effect, and how many pods it replaced', () => {
  const target = 'Deployment tender/api';
  const rollout = (): Synthetic => {
    const made = trial('rolling-restart').without('fault-armed', 'fault-acted');
    return made
      .see(4_990, 'fault-armed', { fault: 'rolling-restart', target, members: [] })
      .see(5_000, 'fault-acted', { member: target, did: 'template patched' })
      .see(9_000, 'rollout-done', { replaced: 2, detail: 'none of before' });
  };
  assert.doesNotMatch(gapOf('none', {}, rollout()), /replaced|landed/);
  for (const replaced of [0, -2, 20])
    assert.match(
      gapOf('rollout-done', { replaced }, rollout()),
      /the rolling restart replaced -?\d+ pods, expected 1 to 5/,
    );
  assert.match(
    gapOf('fault-landed', { betweenMs: [0, 0] }, rollout()),
    /the recorded time of the landing does not fit its proof/,
  );
});
