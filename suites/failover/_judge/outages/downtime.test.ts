import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failoverRecord } from '../index.ts';
import { said, Synthetic } from '../../../../reports/judge/failover/_testing/synthetic.ts';
import { trialOf } from '../trial.ts';
import type { Trial } from '../trial.ts';
import { deadlineFor } from './downtime.ts';
import type { Episode } from '../../../../reports/judge/failover/outages/recovery.ts';

/** Armed at 5 s; the cloud says at 55 s that the machine is off. */
function switchedOff(outage: [number, number]): string {
  const trial = new Synthetic({
    check: 'failover/postgres/node-loss',
    lengthMs: 90_000,
    outages: [outage],
    goals: { rtoSeconds: 100, lostWrites: 0, minTrials: 1 },
  }).without('fault-landed');
  const landing = { by: 'power off', proof: 'the power of worker-1 is off', betweenMs: [5_000, 55_000] };
  return said(failoverRecord(trial.see(55_000, 'fault-landed', landing).history()));
}

describe('the deadline of an outage', () => {
  it('should not run while the cloud still switches the machine off', () => {
    assert.doesNotMatch(switchedOff([55_000, 20_000]), /RTO >/);
  });

  it('should run from an outage that began before its landing was proved', () => {
    assert.match(switchedOff([12_000, 62_000]), /RTO > 60 s, the deadline/);
    assert.doesNotMatch(switchedOff([12_000, 58_000]), /RTO >/);
  });

  it('should begin with the landing, with the outage where that was sooner, and never before the fault', () => {
    const landed: Trial = { ...trialOf(new Synthetic().history()), faultMs: 5_000, landedMs: 155_000 };
    const from = (outageMs: number, trial = landed): number => {
      const start = { loMs: outageMs, hiMs: outageMs + 1 };
      return deadlineFor(trial, { start } as Episode).fromMs;
    };
    const unhealed = { ...landed, healingMs: null };
    assert.equal(from(160_000, unhealed), 155_000);
    assert.equal(from(20_000, unhealed), 20_000);
    assert.equal(from(4_000, unhealed), 5_000);
    // One that began after the rollback counts from there; without a proof of the landing it counts from the fault.
    assert.equal(from(260_000, { ...landed, healingMs: 250_000 }), 250_000);
    assert.equal(from(160_000, { ...unhealed, landedMs: null }), 5_000);
  });
});
