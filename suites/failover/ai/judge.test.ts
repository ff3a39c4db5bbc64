import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failoverRecordSchema } from '../../../reports/record/run-record.ts';
import { judgeOf } from '../../_testing/judges.ts';
import { requestsOnly } from '../../../reports/judge/failover/_testing/requests-only.ts';
import type { Synthetic } from '../../../reports/judge/failover/_testing/synthetic.ts';

const COUNTS = { done: 198, degraded: 2, failed: 0, accepted: 0, missing: 0, unread: 0 };

/** 40 s at 5 tenders a second, the fault at 5 s; 30 s of window. */
function trial(
  jobs: Record<string, unknown> | null = {},
  fault = 'pod-crash',
  settings: Record<string, unknown> = {},
): Synthetic {
  const made = requestsOnly('jobs', {
    check: `failover/ai/${fault}`,
    lengthMs: 40_000,
    spacingMs: 200,
    outages: [],
    goals: { lostJobs: 0, doubledJobs: 0, degradedJobs: 2, windowSeconds: 30 },
    settings,
  });
  made.see(43_000, 'as-before', { roles: [], objects: 3, differences: [] });
  for (const op of made.writes) op.detail = `id=${op.n + 40}`;
  if (jobs === null) return made;
  const usual = {
    acknowledged: 200,
    accepted: 200,
    counts: COUNTS,
    open: [],
    failed: [],
    shared: [],
    withoutId: [],
    waitedMs: 1250,
    trouble: '',
  };
  return made.see(42_200, 'jobs', { ...usual, ...jobs });
}

/** Effects in the stores of jobs that are reported as done. */
const left = (found = 198) => ({ found, doubled: [], absent: [] });
function withEffects(of: Synthetic, neo4j: Record<string, unknown> = {}, found = 198): Synthetic {
  return of
    .see(42_300, 'effects', { source: 'elasticsearch', ...left(found) })
    .see(42_400, 'effects', { source: 'neo4j', ...left(found), ...neo4j });
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
      '0 of 200 accepted jobs lost, 0 done more than once, 2 without the model; the last ended within 1.3 s after all pods were back',
    );
    const record = judgement.trials?.[0];
    assert.deepEqual(failoverRecordSchema.parse(record), record);
    assert.match(String(judgement.figures.at(-1)?.value), /takes at least two trials/);
    const twenty = judge(...Array.from({ length: 20 }, () => withEffects(trial())));
    assert.equal(twenty.figures.at(-1)?.value, 14);
  });

  it('should fail on a job that never ends, one that failed, and one that left nothing', () => {
    const counts = { ...COUNTS, done: 196, accepted: 1, missing: 1 };
    const open = judge(withEffects(trial({ counts, open: [31, 32], waitedMs: 1200 }), {}, 196));
    assert.equal(open.verdict, 'fail');
    assert.equal(open.reason, '2 accepted jobs never came to an end within 1.2 s: 31, 32');
    assert.deepEqual(open.trials?.[0]?.lostNumbers, [31, 32]);
    const failed = { counts: { ...COUNTS, done: 197, failed: 1 }, failed: [7] };
    assert.match(judge(withEffects(trial(failed), {}, 197)).reason, /1 accepted job failed: 7/);
    const absent = judge(withEffects(trial(), { absent: [9], found: 197 }));
    assert.equal(absent.verdict, 'fail');
    assert.match(absent.reason, /1 accepted job reported as done without a result in one of the stores: 9/);
  });

  it('should fail on a job that was done twice in effect, and say which', () => {
    const judgement = judge(withEffects(trial(), { doubled: [[12, 2]] }));
    assert.equal(judgement.verdict, 'fail');
    assert.match(judgement.reason, /1 accepted job done more than once: 12/);
    assert.deepEqual(judgement.trials?.[0]?.duplicateNumbers, [12]);
  });

  it('false verdict 3: should lose every acknowledged tender that has no id of its own', () => {
    const made = withEffects(
      trial({
        accepted: 100,
        shared: Array.from({ length: 100 }, (_, i) => i + 101),
        counts: { ...COUNTS, done: 100, degraded: 0 },
      }),
      {},
      100,
    );
    for (const op of made.writes) op.detail = `id=${op.n % 100}`;
    const judgement = judge(made);
    assert.equal(judgement.verdict, 'fail');
    assert.match(judgement.reason, /^100 accepted jobs got the id of another/);
    assert.match(judgement.seen, /^100 of 200 accepted jobs lost/);
  });

  it('false verdict 3: should not pass when what was followed is not what was acknowledged, or does not add up', () => {
    const followed = (jobs: Record<string, unknown>): string => {
      const judgement = judge(withEffects(trial(jobs)));
      assert.equal(judgement.verdict, 'inconclusive', JSON.stringify(jobs));
      return judgement.reason;
    };
    // Recorded counts: two hundred tenders with a hundred ids, with one id, and with none that was followed.
    for (const ids of [100, 1, 0]) {
      const done = judge(
        withEffects(trial({ accepted: ids, counts: { ...COUNTS, done: ids, degraded: 0 } }), {}, ids),
      );
      assert.equal(done.verdict, 'inconclusive', String(ids));
      assert.match(done.reason, new RegExp(`got 200 job ids, but ${ids} jobs were followed`));
    }
    assert.match(
      followed({ acknowledged: 100 }),
      /200 tenders were acknowledged, but jobs were sought for 100/,
    );
    assert.match(
      followed({ counts: { ...COUNTS, done: 190 } }),
      /200 jobs were followed, but 192 have a state/,
    );
    assert.equal(judge(withEffects(trial(), { found: 0 })).verdict, 'inconclusive');
    const untold = withEffects(trial({ accepted: 199, withoutId: [5] }));
    delete untold.write(5).detail;
    assert.match(judge(untold).reason, /1 accepted job had no id and could not be followed: 5/);
  });

  it('false verdict 3: should fail when more is done without the model than may be', () => {
    const all = { counts: { ...COUNTS, done: 0, degraded: 200 } };
    const judgement = judge(withEffects(trial(all), {}, 0));
    assert.equal(judgement.verdict, 'fail');
    assert.match(judgement.reason, /^200 jobs were done without the model; allowed: 2$/);
    // The model's stand-in may have been on the node that was lost.
    const lost = trial(all, 'node-loss', { ai: { llm: { stubbed: true } } });
    assert.equal(judge(withEffects(lost, {}, 0)).verdict, 'inconclusive');
  });

  it('should claim nothing where nobody looked, or a store could not be asked', () => {
    assert.match(judge(trial(null)).reason, /no observation says what became of the jobs/);
    const uncounted = trial().see(42_300, 'effects', { source: 'elasticsearch', ...left() });
    uncounted.see(42_400, 'effects-failed', { source: 'neo4j', reason: 'refused' });
    assert.match(judge(uncounted).reason, /what jobs left in neo4j was not counted: refused/);
    const counts = { ...COUNTS, done: 195, unread: 3 };
    const unread = withEffects(trial({ counts, trouble: 'status 502' }), {}, 195);
    assert.match(judge(unread).reason, /the state of 3 jobs could not be read: status 502/);
    for (const one of [trial(null), uncounted, unread]) assert.equal(judge(one).verdict, 'inconclusive');
  });

  it('should need a fault that landed, and jobs that were accepted after it', () => {
    const nowhere = judge(withEffects(trial()).without('fault-landed'));
    assert.equal(nowhere.verdict, 'inconclusive');
    assert.match(nowhere.reason, /did not land/);
    const refused = withEffects(
      trial({ acknowledged: 31, accepted: 31, counts: { ...COUNTS, done: 29 } }),
      {},
      29,
    );
    for (const op of refused.writes.filter(({ intended }) => intended > 1_006_000)) op.outcome = 'fail';
    const judgement = judge(refused);
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, /jobs were accepted after the fault, at least 20 are needed/);
  });

  it('false verdict 47: should not judge a fault before which no job was accepted for a while', () => {
    const idle = withEffects(
      trial({ acknowledged: 195, accepted: 195, counts: { ...COUNTS, done: 193 } }),
      {},
      193,
    );
    idle.writes.splice(20, 5);
    const judgement = judge(idle);
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, /no job was accepted in the last 1 s before the fault/);
    const told = judge(withEffects(trial())).figures.find(({ name }) => name.startsWith('jobs accepted in'));
    assert.match(String(told?.value), /^5; which pod worked on them was not judged/);
  });

  it('should want an account of what the fault cost', () => {
    for (const [kind, why] of [
      ['budget-estimate', /estimated cost of the fault: 0 seen/],
      ['budget-spent', /counted cost of the fault: 0 seen/],
    ] as const) {
      const untold = judge(withEffects(trial()).without(kind));
      assert.equal(untold.verdict, 'inconclusive');
      assert.match(untold.reason, why);
    }
  });

  it('should hold a loss against it though the rest was not recorded', () => {
    const open = { counts: { ...COUNTS, done: 197, accepted: 1 }, open: [3] };
    assert.equal(judge(trial(open).without('steady-after')).verdict, 'fail');
  });
});
