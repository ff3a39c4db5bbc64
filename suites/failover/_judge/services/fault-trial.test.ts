import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultRule } from './fault-trial.ts';
import { requestsOnly } from '../../../../reports/judge/failover/_testing/requests-only.ts';
import type { Synthetic } from '../../../../reports/judge/failover/_testing/synthetic.ts';

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
  const { verdict, text } = faultRule({ ...history, observations });
  return verdict === 'pass' ? '' : text;
}

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
  for (const replaced of [0, -2, 1, 20])
    assert.match(
      gapOf('rollout-done', { replaced }, rollout()),
      /the rolling restart replaced -?\d+ pods, expected 2 to 5/,
    );
});
