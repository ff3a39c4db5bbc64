import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failoverRecordSchema } from '../../../reports/record/run-record.ts';
import { judgeOf } from '../../_testing/judges.ts';
import { requestsOnly } from '../../../reports/judge/failover/_testing/requests-only.ts';
import { armedFor } from '../../../reports/judge/failover/_testing/synthetic.ts';
import type { Synthetic } from '../../../reports/judge/failover/_testing/synthetic.ts';

/** 40 s at 100 requests a second, the fault at 5 s; 30 s of window. */
function trial(
  options: {
    fault?: string;
    goals?: Record<string, unknown>;
    lengthMs?: number;
    settings?: Record<string, unknown>;
  } = {},
): Synthetic {
  const { fault = 'pod-crash', goals = {}, lengthMs = 40_000, settings = {} } = options;
  return requestsOnly('edge', {
    check: `failover/backend/${fault}`,
    lengthMs,
    spacingMs: 10,
    outages: [],
    goals: { failedRatio: 0.001, windowSeconds: 30, ...goals },
    settings,
  }).see(lengthMs + 950, 'as-before', { roles: [], objects: 3, differences: [] });
}

/** Requests that were due from then on fail. */
function fail(of: Synthetic, fromMs: number, count: number): Synthetic {
  for (const op of of.writes.filter((one) => one.intended >= 1_000_000 + fromMs).slice(0, count)) {
    op.outcome = 'fail';
    op.detail = 'status 502;waited=3.1';
  }
  return of;
}

const judge = (...trials: Synthetic[]) => {
  const found = judgeOf('failover/backend/pod-crash') ?? assert.fail('no judge');
  return found(trials.map((one) => one.history()));
};

describe('requests through the edge', () => {
  it('should pass without a failure, when the sample is large enough to say so', () => {
    const judgement = judge(trial());
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.equal(judgement.reason, '0 of 3001 requests failed (0 %)');
    const record = judgement.trials?.[0];
    assert.deepEqual(failoverRecordSchema.parse(record), record);
    assert.deepEqual(
      record?.phases.map(({ name }) => name),
      ['landed', 'first ok write', 'steady'],
    );
    assert.equal(record.requests?.seconds, 30);
    assert.equal('refused' in record.requests, false);
  });

  it('should claim nothing from too small a sample', () => {
    const judgement = judge(trial({ goals: { windowSeconds: 20 } }));
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, /0 of 2001 requests failed.*2995 requests would be enough/);
  });

  it('should fail when even the favourable bound misses the goal, with the seconds and the errors', () => {
    const judgement = judge(fail(trial(), 6_000, 20));
    assert.equal(judgement.verdict, 'fail');
    assert.match(judgement.reason, /20 of 3001 requests failed \(0\.667 %\) in 2 of 30 s; allowed: 0\.1 %/);
    const record = judgement.trials?.[0];
    assert.deepEqual(record?.requests?.errors, [{ error: 'status 502', count: 20 }]);
    assert.equal(record.requests.lastFailureMs, 1189);
  });

  it('should be inconclusive between the bounds', () => {
    const judgement = judge(fail(trial(), 6_000, 3));
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, /does not prove the goal of 0\.1 %/);
  });

  it('false verdict 14: should not claim of failures that came together what it claims of as many apart', () => {
    const long = (): Synthetic =>
      trial({ lengthMs: 130_000, goals: { failedRatio: 0.01, windowSeconds: 120 } });
    const burst = judge(fail(long(), 40_000, 95));
    assert.equal(burst.verdict, 'inconclusive');
    assert.match(burst.reason, /95 of 12001 requests failed.*about 9\d failures occur together/);
    const apart = long();
    for (let at = 6_000; at < 6_000 + 95 * 1_200; at += 1_200) fail(apart, at, 1);
    assert.equal(judge(apart).verdict, 'pass', judge(apart).reason);
  });

  it('should decide on the goal of the catalogue in its two minutes', () => {
    const usual = (...at: number[]): string => {
      const made = trial({ lengthMs: 130_000, goals: { windowSeconds: 120 } });
      for (const one of at) fail(made, one, 1);
      return judge(made).verdict;
    };
    assert.equal(usual(), 'pass');
    assert.equal(usual(6_000), 'pass');
    assert.equal(usual(6_000, 60_000, 110_000), 'pass');
    // Too many of the window's own requests are too many, though all came together.
    const burst = judge(fail(trial({ lengthMs: 130_000, goals: { windowSeconds: 120 } }), 6_000, 60));
    assert.equal(burst.verdict, 'fail');
  });

  describe('that were refused before the service', () => {
    const refuse = (of: Synthetic, count: number, detail: string): Synthetic => {
      fail(of, 10_000, count);
      for (const op of of.writes) if (op.detail === 'status 502;waited=3.1') op.detail = detail;
      return of;
    };
    const CASES = [
      ['credentials: status 401', /20 of 3001 requests refused with 401: the credentials/],
      ['permission: status 403', /20 of 3001 requests refused with 403: the account of the credentials/],
      ['login: status 302 to /login', /20 of 3001 requests sent to a login page: the credentials/],
      ['rate-limit: status 429, retry after 5 s', /20 of 3001 requests refused with 429: a rate limit/],
    ] as const;

    it('should be neither a failure of the service nor a pass', () => {
      for (const [detail, expected] of CASES) {
        const judgement = judge(refuse(trial(), 20, detail));
        assert.equal(judgement.verdict, 'inconclusive', judgement.reason);
        assert.match(judgement.reason, expected);
        assert.match(judgement.reason, /0 of 3001 requests failed/);
        assert.ok(
          judgement.figures.some(({ name, value }) => /^requests refused: /.test(name) && value === 20),
        );
      }
    });

    it('should be counted apart, and make neither a second with failures nor the last failure', () => {
      const [record] = judge(refuse(trial(), 20, 'permission: status 403')).trials ?? [];
      const { failed, refused, secondsWithFailures, lastFailureMs, errors } = record?.requests ?? {};
      assert.deepEqual([failed, refused, secondsWithFailures, lastFailureMs], [20, 20, 0, null]);
      assert.deepEqual(errors, [{ error: 'permission: status 403', count: 20 }]);
      const both = fail(refuse(trial(), 5, 'credentials: status 401'), 6_000, 1);
      const mixed = judge(both).trials?.[0]?.requests;
      assert.deepEqual([mixed?.refused, mixed?.secondsWithFailures, mixed?.lastFailureMs], [5, 1, 999]);
    });

    it('should leave a failure of the service one, and a pass one that holds with all of them bad', () => {
      const both = fail(refuse(trial(), 5, 'credentials: status 401'), 15_000, 20);
      assert.equal(judge(both).verdict, 'fail');
      const long = trial({ lengthMs: 130_000, goals: { windowSeconds: 120 } });
      assert.equal(judge(refuse(long, 1, 'rate-limit: status 429')).verdict, 'pass');
    });

    it('should say so where it came before the fault', () => {
      const early = refuse(trial(), 0, '');
      for (const op of fail(early, 1_000, 3).writes)
        if (op.outcome === 'fail') op.detail = 'rate-limit: status 429';
      const { verdict, reason } = judge(early);
      assert.equal(verdict, 'inconclusive');
      assert.match(reason, /before the fault 3 of 500 requests refused with 429/);
    });

    it('should name it where no fault was injected because requests did not flow', () => {
      const none = refuse(trial(), 4_001, 'credentials: status 401')
        .without('fault-armed', 'fault-acted', 'fault-landed')
        .see(20_000, 'no-fault', { reason: 'not steady within 95000 ms: 1 ok, 4000 failed' });
      const { verdict, reason, trials } = judge(none);
      assert.equal(verdict, 'inconclusive');
      assert.match(
        reason,
        /^the fault did not land: it was not injected: not steady .*; \d+ of \d+ requests refused with 401: the credentials/,
      );
      assert.equal(trials?.[0]?.landed.injected, false);
    });
  });

  it('should say where nothing proves that the service answered, and count what became of credentials', () => {
    const application = { follow: 'none', proof: 'none', statuses: { look: [200] } };
    const one = trial({ settings: { application } });
    one.see(39_900, 'credentials', { renewals: 2, refusals: 1, failures: 1, trouble: 'down' });
    const { figures } = judge(one);
    const value = (name: string) => figures.find((figure) => figure.name === name)?.value;
    assert.match(String(value('proof that the service answered')), /^none is declared/);
    assert.deepEqual(
      ['tokens renewed', 'tokens renewed because they were refused', 'renewals that failed'].map(value),
      [2, 1, '1: down'],
    );
  });

  it('should round shares of failures up, and show the goal as it was declared', () => {
    const one = fail(trial({ goals: { failedRatio: 0.0003 * 3 } }), 6_000, 1);
    const { figures, reason } = judge(one);
    const failed = figures.find(({ name }) => name === 'failed requests');
    // 1 of 3001 is 0.033322 %.
    assert.deepEqual([failed?.value, failed?.goal], [0.0334, '≤ 0.09']);
    assert.match(reason, /1 of 3001 requests failed \(0\.034 %\)/);
  });

  it('should count what got no answer and what could not be sent as failed', () => {
    const one = fail(trial(), 6_000, 20);
    const failing = one.writes.filter((op) => op.outcome === 'fail');
    for (const [index, op] of failing.entries()) op.outcome = index % 2 === 0 ? 'unknown' : 'unsent';
    const judgement = judge(one);
    assert.equal(judgement.verdict, 'fail');
    const requests = judgement.trials?.[0]?.requests;
    assert.deepEqual([requests?.failed, requests?.unanswered, requests?.unsent], [0, 10, 10]);
  });

  it('should judge what failed between the order and the proof of the fault, and what was under way', () => {
    // The proof may take a second, from a pod on another node.
    const late = trial()
      .without('fault-landed')
      .see(6_000, 'fault-landed', {
        by: 'gone',
        proof: 'pid 11 of postgres-0 is gone',
        betweenMs: [1_005_000, 1_006_000],
      });
    const judgement = judge(fail(late, 5_000, 90));
    assert.equal(judgement.verdict, 'fail', judgement.reason);
    assert.match(judgement.reason, /90 of 31\d\d requests failed/);
    const underWay = trial();
    for (const op of underWay.writes.filter(
      ({ intended }) => intended >= 1_004_700 && intended < 1_004_900,
    )) {
      op.done = 1_005_200;
      op.outcome = 'unknown';
    }
    assert.match(judge(underWay).reason, /20 of 3021 requests failed/);
  });

  it('should not dilute the sample with answers from between the order and the act', () => {
    const waited = trial()
      .without('fault-armed', 'fault-landed')
      .see(1_000, 'fault-armed', armedFor('pod-crash', 'postgres-0'))
      .see(5_002, 'fault-landed', {
        by: 'template',
        proof: 'generation 2 of postgres-0',
        betweenMs: [1_005_000, 1_005_002],
      });
    assert.match(judge(waited).reason, /0 of 3001 requests failed/);
  });

  it('should not judge failures before the fault, and refuse to claim anything after them', () => {
    const judgement = judge(fail(trial(), 1_000, 1));
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, /1 of 500 requests had failed before the fault/);
  });

  it('should say when the fault did not land, the window was cut, or nothing was looked at afterwards', () => {
    assert.match(judge(trial().without('fault-landed')).reason, /did not land/);
    assert.match(judge(trial({ lengthMs: 20_000 })).reason, /15 of 30 s after the fault were recorded/);
    assert.match(
      judge(trial().without('steady-after')).reason,
      /nobody checked whether all members were back/,
    );
    for (const one of [
      trial().without('fault-landed'),
      trial({ lengthMs: 20_000 }),
      trial().without('steady-after'),
    ])
      assert.equal(judge(one).verdict, 'inconclusive');
  });

  it('should be inconclusive when the load was not delivered or the generator lagged', () => {
    const thin = trial();
    thin.writes.splice(1_000, 400);
    assert.match(judge(thin).reason, /the load was not delivered: 2601 of 3000/);
    const late = trial();
    for (const op of late.writes) op.sent += 7;
    for (const op of late.writes) op.done += 7;
    assert.match(judge(late).reason, /the generator was 7\.1 ms late/);
    assert.equal(judge(late).verdict, 'inconclusive');
  });
});

describe('the loss of a node', () => {
  const goals = { detectionSeconds: 5, windowSeconds: 35 };
  it('should allow failures until it can be detected, and none after', () => {
    const judgement = judge(fail(trial({ fault: 'node-loss', goals, lengthMs: 42_000 }), 5_010, 400));
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.match(
      judgement.reason,
      /0 of 3000 requests failed \(0 %\), counted from 5 s after the fault; the last failure ended 4 s after the fault/,
    );
    assert.equal(judgement.figures.find(({ name }) => name.startsWith('last failure'))?.goal, '≤ 5');
  });
  it('should fail when requests fail for longer', () => {
    const judgement = judge(fail(trial({ fault: 'node-loss', goals, lengthMs: 42_000 }), 5_010, 700));
    assert.equal(judgement.verdict, 'fail');
  });
});

describe('a rolling restart', () => {
  it('should be seen to its end within the window', () => {
    const open = judge(trial({ fault: 'rolling-restart' }));
    assert.equal(open.verdict, 'inconclusive');
    assert.match(open.reason, /not seen to end/);
    const done = trial({ fault: 'rolling-restart' }).see(20_000, 'rollout-done', {
      replaced: 2,
      detail: 'none of before',
    });
    assert.equal(judge(done).verdict, 'pass', judge(done).reason);
  });
});

describe('several trials', () => {
  it('should let the worst speak and keep a record of each', () => {
    const judgement = judge(trial(), fail(trial(), 6_000, 20));
    assert.equal(judgement.verdict, 'fail');
    assert.equal(judgement.trials?.length, 2);
    assert.equal(judgement.findingsTotal, 1);
  });
});
