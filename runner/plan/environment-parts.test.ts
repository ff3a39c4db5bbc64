import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planChecks } from '../../suites/catalogue/index.ts';
import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import { loadEnvironment } from '../../env/loader.ts';
import type { Environment } from '../../env/schema.ts';
import { checkTimeoutMs, estimateMs, lockMode } from './environment-parts.ts';

const small = await loadEnvironment('local-small');
const staging = await loadEnvironment('staging');

function planned(check: string): PlannedCheck {
  const [found] = planChecks(small, { checks: [check] });
  assert.ok(found);
  return found;
}

test('should give a load as long as it lasts', () => {
  const latency = planned('performance/api/latency');
  const lasting = (seconds: number): Environment => ({
    ...small,
    load: { ...small.load, steady: { requestsPerSecond: 10, seconds } },
  });
  assert.equal(checkTimeoutMs(latency, lasting(1800)) - checkTimeoutMs(latency, lasting(60)), 1_740_000);
  assert.ok(checkTimeoutMs(latency, lasting(1800)) > 1_800_000 + 45_000);
});

test('should give starts of pods as long as their number takes', () => {
  const startup = planned('scaling/pods/startup');
  const many = { ...small, load: { ...small.load, startupPods: 299 } };
  assert.ok(checkTimeoutMs(startup, many) >= 150 * 10_000);
  assert.ok(checkTimeoutMs(startup, small) < checkTimeoutMs(startup, many) / 2);
});

test('should give the reading of budgets as long as their windows take', () => {
  const budget = planned('performance/budget');
  // Of each objective what guards it, and at least four answers for each of six windows.
  assert.ok(checkTimeoutMs(budget, staging) > staging.objectives.length * 26 * 1000);
  assert.ok(checkTimeoutMs(budget, small) < 300_000);
});

test('should take devices alone, and let what only reads share', async () => {
  const local = await loadEnvironment('local');
  const of = (check: string): PlannedCheck => {
    const [found] = planChecks(local, { checks: [check] });
    assert.ok(found);
    return found;
  };
  assert.equal(lockMode(of('gpu/allocatable'), local), 'shared');
  for (const name of ['schedule', 'taint', 'exclusive', 'exhausted', 'release', 'metrics'])
    assert.equal(lockMode(of(`gpu/${name}`), local), 'exclusive', name);
  const production = await loadEnvironment('production');
  assert.equal(lockMode(of('gpu/exclusive'), production), 'shared');
  assert.ok(checkTimeoutMs(of('gpu/release'), local) > 3 * 120_000);
});

test('should let the reading of budgets share the environment, but where the run itself is the window', () => {
  const budget = planned('performance/budget');
  assert.equal(lockMode(budget, staging), 'shared');
  assert.equal(lockMode(budget, small), 'exclusive');
  assert.equal(lockMode(planned('performance/api/latency'), staging), 'exclusive');
  assert.equal(lockMode(planned('telemetry/traces/complete'), staging), 'exclusive');
  assert.equal(lockMode(planned('telemetry/traces/canary'), staging), 'shared');
});

test('should guess a time that grows with what is declared to be sent, written or started', () => {
  const { ai, telemetry } = small;
  assert.ok(ai !== undefined && telemetry !== undefined);
  const steady = { requestsPerSecond: 10, seconds: 900 };
  const canary = {
    ...telemetry.canary,
    requests: 1000,
    few: 100,
    perSecond: 1,
    lines: 3000,
    linesPerSecond: 1,
  };
  const more: Environment = {
    ...small,
    load: { ...small.load, steady, startupPods: 299 },
    ai: { ...ai, load: { ...steady, seconds: 600 } },
    telemetry: { ...telemetry, canary },
  };
  const seconds = {
    'performance/api/latency': 900,
    'performance/ai/throughput': 600,
    'telemetry/traces/canary': 100,
    'telemetry/correlation': 100,
    'telemetry/traces/complete': 1000,
    'telemetry/logs/canary': 3000,
    'scaling/pods/startup': 299,
  };
  for (const [check, least] of Object.entries(seconds)) {
    const guessMs = estimateMs(planned(check), more);
    assert.ok(guessMs > least * 1000, `${check}: ${guessMs} ms`);
    assert.ok(guessMs < checkTimeoutMs(planned(check), more), check);
    assert.ok(estimateMs(planned(check), small) < guessMs / 2, check);
  }
});

test('should give a few canary requests as long as they are sent, also where they are more than the many', () => {
  const { telemetry } = small;
  assert.ok(telemetry !== undefined);
  const canary = { ...telemetry.canary, requests: 10, few: 1000, perSecond: 1 };
  assert.ok(
    checkTimeoutMs(planned('telemetry/traces/canary'), { ...small, telemetry: { ...telemetry, canary } }) >
      1_000_000,
  );
});

test('should give drafts as long as they last, and jobs as long as they may take, and let nothing run beside them', () => {
  assert.ok(small.ai !== undefined);
  const { ai } = small;
  const lasting = (seconds: number): Environment => ({
    ...small,
    ai: { ...ai, load: { requestsPerSecond: 2, seconds } },
  });
  const latency = planned('performance/ai/latency');
  assert.equal(checkTimeoutMs(latency, lasting(1800)) - checkTimeoutMs(latency, lasting(60)), 1_740_000);
  assert.ok(checkTimeoutMs(planned('failover/ai/hang'), small) > 240_000 + 240_000 + 60_000);
  assert.ok(checkTimeoutMs(planned('integrations/llm'), small) > 8 * 20_000);
  // Rest before, the way up, and the way back.
  assert.ok(checkTimeoutMs(planned('scaling/ai/up'), small) > 480_000 + 270_000 + 480_000);
  for (const check of ['performance/ai/latency', 'failover/ai/hang', 'integrations/llm', 'scaling/ai/up'])
    assert.equal(lockMode(planned(check), staging), 'exclusive', check);
  assert.equal(lockMode(planned('integrations/llm-token'), staging), 'shared', 'it reads logs alone');
});
