import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failoverRecordSchema } from '../../record/run-record.ts';
import { judgeOf } from '../index.ts';
import { Synthetic } from './synthetic.ts';

const COUNTS = { done: 198, degraded: 2, failed: 0, accepted: 0, missing: 0, unread: 0 };

/** 40 s at 5 tenders a second, the fault at 5 s; 30 s of window. */
function trial(jobs: Record<string, unknown> | null = {}, fault = 'pod-crash'): Synthetic {
  const made = new Synthetic({
    check: `failover/ai/${fault}`,
    lengthMs: 40_000,
    spacingMs: 200,
    outages: [],
    goals: { lostJobs: 0, doubledJobs: 0, windowSeconds: 30 },
    settings: {},
  })
    .without(
      'workload',
      'leader',
      'members',
      'endpoint',
      'readback',
      'readback-plan',
      'expected-window',
      'governing',
    )
    .see(-10, 'workload', { store: 'jobs', client: 'test', ratePerSecond: 5, readRatePerSecond: 0 });
  if (jobs === null) return made;
  const usual = { accepted: 200, counts: COUNTS, open: [], failed: [], waitedMs: 1250, trouble: '' };
  return made.see(41_000, 'jobs', { ...usual, ...jobs });
}

const nothing = { found: 200, doubled: [], absent: [] };
function withEffects(of: Synthetic, neo4j: Record<string, unknown> = {}): Synthetic {
  return of
    .see(41_100, 'effects', { source: 'elasticsearch', ...nothing })
    .see(41_200, 'effects', { source: 'neo4j', ...nothing, ...neo4j });
}

const judge = (...trials: Synthetic[]) => {
  const found = judgeOf('failover/ai/pod-crash') ?? assert.fail('no judge');
  return found(trials.map((one) => one.history()));
};

describe('jobs of the AI service', () => {
  it('should pass when all are done, once in effect, and say what was done without the model', () => {
    const judgement = judge(withEffects(trial()));
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.equal(
      judgement.reason,
      '0 of 200 accepted jobs lost, 0 done more than once, 2 without the model; the last ended within 1.3 s after all was back',
    );
    const record = judgement.trials?.[0];
    assert.deepEqual(failoverRecordSchema.parse(record), record);
    assert.match(String(judgement.figures.at(-1)?.value), /one trial supports no bound/);
    const twenty = judge(...Array.from({ length: 20 }, () => withEffects(trial())));
    assert.equal(twenty.figures.at(-1)?.value, 14);
  });

  it('should fail on a job that never ends, one that failed, and one that left nothing', () => {
    const open = judge(withEffects(trial({ open: [31, 32], waitedMs: 240_000 })));
    assert.equal(open.verdict, 'fail');
    assert.match(open.reason, /^2 accepted jobs never came to an end within 240 s: 31, 32$/);
    assert.deepEqual(open.trials?.[0]?.lostNumbers, [31, 32]);
    assert.match(judge(withEffects(trial({ failed: [7] }))).reason, /1 accepted job failed: 7/);
    const absent = judge(withEffects(trial(), { absent: [9] }));
    assert.equal(absent.verdict, 'fail');
    assert.match(absent.reason, /1 accepted job said to be done left nothing in a store: 9/);
  });

  it('should fail on a job that was done twice in effect, and say which', () => {
    const judgement = judge(withEffects(trial(), { doubled: [[12, 2]] }));
    assert.equal(judgement.verdict, 'fail');
    assert.match(judgement.reason, /1 accepted job done more than once: 12/);
    assert.deepEqual(judgement.trials?.[0]?.duplicateNumbers, [12]);
  });

  it('should claim nothing where nobody looked, or a store could not be asked', () => {
    assert.match(judge(trial(null)).reason, /not looked at what became of the jobs/);
    const blind = trial().see(41_100, 'effects', { source: 'elasticsearch', ...nothing });
    blind.see(41_200, 'effects-failed', { source: 'neo4j', reason: 'refused' });
    assert.match(judge(blind).reason, /what jobs left in neo4j was not counted: refused/);
    const unread = withEffects(trial({ counts: { ...COUNTS, unread: 3 }, trouble: 'status 502' }));
    assert.match(judge(unread).reason, /3 jobs could not be asked for: status 502/);
    for (const one of [trial(null), blind, unread]) assert.equal(judge(one).verdict, 'inconclusive');
  });

  it('should need a fault that landed, and jobs that were accepted after it', () => {
    const nowhere = judge(withEffects(trial()).without('fault-landed'));
    assert.equal(nowhere.verdict, 'inconclusive');
    assert.match(nowhere.reason, /did not land/);
    const refused = withEffects(trial());
    for (const op of refused.writes.filter(({ intended }) => intended > 1_006_000)) op.outcome = 'fail';
    const judgement = judge(refused);
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, /jobs were accepted after the fault, 20 are needed/);
  });

  it('should hold a loss against it though the rest was not recorded', () => {
    assert.equal(judge(trial({ open: [3] }).without('steady-after')).verdict, 'fail');
  });
});
