import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { failoverRecord } from '../index.ts';
import { START, Synthetic } from '../../../../reports/judge/failover/_testing/synthetic.ts';

/**
 * Refused from 5 s to 6 s; from then on connections are taken, and nothing is acknowledged until `backMs`: a pool of 16
 * fills at once, what comes later waits for a place and is never sent.
 */
function waitingForReplica(backMs: number, note: string): Synthetic {
  const trial = new Synthetic({ outages: [[5_000, backMs - 5_000]] });
  let taken = 0;
  for (const op of trial.writes) {
    const at = op.intended - START;
    if (at < 6_000 || at >= backMs) continue;
    if (taken++ < 16) {
      op.outcome = 'ok';
      op.done = START + backMs + 0.5 + taken / 100;
      op.detail = note;
    } else {
      op.outcome = 'unsent';
      op.done = Math.min(op.intended + 500, START + backMs + 0.3);
      op.sent = op.done;
      op.detail = '';
    }
  }
  return trial.readBack();
}

function rtoOf(trial: Synthetic): { loMs: number; hiMs: number; widthMs: number } {
  const { rto, reason } = failoverRecord(trial.history());
  assert.ok(rto !== null, reason);
  return { ...rto, widthMs: rto.hiMs - rto.loMs };
}

describe('a store that takes connections and acknowledges nothing', () => {
  it('should be known to be down until shortly before its first acknowledgement', () => {
    for (const backMs of [6_200, 6_700, 6_999]) {
      const { loMs, hiMs, widthMs } = rtoOf(waitingForReplica(backMs, 'opened=4.2'));
      const trueMs = backMs - 5_000;
      assert.ok(loMs <= trueMs && trueMs <= hiMs, `${trueMs} in [${loMs}, ${hiMs}]`);
      assert.ok(widthMs <= 35, `${widthMs} ms wide`);
    }
  });

  it('should not be said to be down by operations on connections from before the outage', () => {
    // The path is back at 6 s; what hangs in retransmission is answered later, and nobody has asked again.
    const { loMs, hiMs } = rtoOf(waitingForReplica(6_700, 'waited=1.0'));
    assert.ok(loMs <= 1_000, `${loMs}`);
    assert.ok(hiMs >= 1_700);
  });

  it('should not be said to be down by an answer that took no longer than usual', () => {
    const trial = new Synthetic();
    // The first acknowledgements after the outage, 1 ms after the login: that is how long every answer takes here.
    for (const op of trial.writes) if (op.intended - START >= 7_000) op.detail = 'opened=0.1';
    const { loMs, hiMs } = rtoOf(trial.readBack());
    assert.ok(loMs <= 2_000 && 2_000 <= hiMs, `[${loMs}, ${hiMs}]`);
  });

  it('should not be said to be down by first answers that were slow because a dozen logged in at once', () => {
    const trial = new Synthetic({ outages: [[5_000, 2_000]] });
    for (const op of trial.writes) {
      const at = op.intended - START;
      if (at < 7_000 || at >= 7_020) continue;
      op.done = START + 7_021;
      op.detail = 'opened=1.0';
    }
    const { loMs, hiMs } = rtoOf(trial.readBack());
    assert.ok(loMs <= 2_000 && 2_000 <= hiMs, `[${loMs}, ${hiMs}]`);
  });

  it('should count what was never sent to the outage in which it waited', () => {
    const { outages } = failoverRecord(waitingForReplica(6_700, 'opened=4.2').history());
    assert.equal(outages.length, 1);
  });

  it('should be known to have stopped soon after the second write that got no answer', () => {
    // Nothing answers from 5 s on; connections break 120 ms later, all at once.
    const trial = new Synthetic({ outages: [[5_000, 2_000]] });
    for (const op of trial.writes) {
      const at = op.intended - START;
      if (at < 4_999 || at >= 5_060) continue;
      Object.assign(op, { outcome: 'unknown', done: START + 5_120, detail: 'ECONNRESET' });
    }
    const { loMs, hiMs, widthMs } = rtoOf(trial.readBack());
    assert.ok(loMs <= 2_000 && 2_000 <= hiMs, `[${loMs}, ${hiMs}]`);
    assert.ok(widthMs <= 20, `${widthMs} ms wide`);
  });

  it('should not be said to have stopped by one slow write', () => {
    const trial = new Synthetic({ outages: [[5_000, 2_000]] });
    const slow = trial.write(981); // due 100 ms before the fault, slow in ordinary times, then broken by it
    Object.assign(slow, { outcome: 'unknown', done: START + 5_001, detail: 'ECONNRESET' });
    const { loMs, hiMs } = rtoOf(trial.readBack());
    assert.ok(loMs <= 2_000 && 2_000 <= hiMs, `[${loMs}, ${hiMs}]`);
  });
});
