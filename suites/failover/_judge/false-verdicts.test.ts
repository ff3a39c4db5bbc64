/** Trials that once passed and should not have. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failoverRecord, judgeFailover } from './index.ts';
import { said, Synthetic } from '../../../reports/judge/failover/_testing/synthetic.ts';

const judge = (trial: Synthetic) => failoverRecord(trial.history());
const GOALS = { rtoSeconds: 30, lostWrites: 0 };

describe('outages that come again', () => {
  const flapping: [number, number][] = Array.from({ length: 6 }, (_, i) => [5_000 + i * 34_000, 28_000]);
  const trial = (goals: Record<string, unknown>) =>
    new Synthetic({ lengthMs: 220_000, outages: flapping, goals, spacingMs: 20 });

  it('false verdict 1: six outages of 28 s fail for what they took together, and for the deadline of the last', () => {
    const record = judge(trial(GOALS));
    assert.equal(record.verdict, 'fail');
    assert.match(said(record), /RTO > 60 s, the deadline/);
    assert.match(said(record), /6 outages took 16[78]\S* to 168\S* s together, goal 30 s/);
    assert.ok((record.rto?.hiMs ?? Infinity) < 28_100, 'the RTO stays the longest of them');
    assert.equal(record.sinceFault?.outages, 6);
  });

  it('false verdict 1: the number of outages is said, and judged only where it has a goal', () => {
    const two: [number, number][] = [
      [5_000, 2_000],
      [13_000, 1_000],
    ];
    const twice = (goals: Record<string, unknown>) =>
      judge(new Synthetic({ lengthMs: 25_000, outages: two, goals }));
    assert.equal(twice(GOALS).verdict, 'pass', said(twice(GOALS)));
    assert.match(twice(GOALS).reason, /, 2 outages of 3\S* s in all, /);
    const many = twice({ ...GOALS, outages: 1 });
    assert.equal(many.verdict, 'fail');
    assert.match(said(many), /2 outages since the fault, goal 1/);
    assert.equal(twice({ ...GOALS, totalOutageSeconds: 2.5 }).verdict, 'fail');
  });

  it('false verdict 1: single operations that fail as a member comes back cost next to nothing', () => {
    const trial = new Synthetic({ lengthMs: 100_000 });
    for (const n of [15_000, 16_500, 18_000]) trial.write(n).outcome = 'fail';
    const record = judge(trial.readBack());
    assert.equal(record.verdict, 'pass', said(record));
    const { outages, totalMs } = record.sinceFault ?? assert.fail('outages were expected');
    assert.equal(outages, 4);
    assert.ok(totalMs.hiMs < 2_100);
  });

  it('false verdict 1: what a series showed names all outages', () => {
    const { seen, figures } = judgeFailover([trial(GOALS).history()]);
    assert.match(seen, /6 outages of 168\S* s in all/);
    assert.equal(figures.find(({ name }) => name === 'most outages seen in one trial')?.value, 6);
  });
});

describe('a store that is read back twice', () => {
  const again = (trial: Synthetic): Synthetic =>
    trial
      .see(16_499.8, 'readback-failed', {
        source: 'postgres-2',
        why: 'unreachable',
        reason: 'read ECONNRESET',
      })
      .see(16_499.9, 'readback-again', { reason: 'postgres-2: read ECONNRESET' });
  const reading = (source: string, role: string, pass: number, to: number) => ({
    source,
    role,
    pass,
    duplicates: [],
    complete: true,
    present: [
      [1, 1000],
      [1401, to],
    ],
  });

  it('false verdict 7: two primaries that were seen once fail', () => {
    const trial = new Synthetic().see(16_499, 'readback-leaders', {
      leaders: ['postgres-0', 'postgres-1'],
      seen: 'postgres-0: primary; postgres-1: primary',
    });
    const record = judge(again(trial));
    assert.equal(record.verdict, 'fail');
    assert.match(said(record), /2 members claimed to be the leader .*: postgres-0, postgres-1/);
  });

  it('false verdict 7: no leader, or members that disagree on it, stand as unknown', () => {
    const record = judge(
      again(new Synthetic().see(16_499, 'readback-leaders', { leaders: [], seen: 'a: b; b: c' })),
    );
    assert.equal(record.verdict, 'inconclusive');
    assert.match(said(record), /expected one leader, seen: a: b; b: c/);
  });

  it('false verdict 7: a replica that lacked writes when it was first read fails', () => {
    const trial = new Synthetic()
      .see(16_499, 'readback', reading('postgres-1', 'leader', 1, 3200))
      .see(16_499.1, 'readback', reading('postgres-1', 'leader', 2, 3200))
      .see(16_499.2, 'readback', reading('postgres-0', 'member', 1, 3000));
    const record = judge(again(trial));
    assert.equal(record.verdict, 'fail');
    assert.match(said(record), /postgres-0 differs from the leader postgres-1 .*: 200 writes missing/);
  });

  it('false verdict 7: a leader that held something else when it was first read is unknown', () => {
    const trial = new Synthetic()
      .see(16_499, 'readback', reading('postgres-1', 'leader', 1, 3000))
      .see(16_499.1, 'readback', reading('postgres-1', 'leader', 2, 3000));
    const record = judge(again(trial));
    assert.equal(record.verdict, 'inconclusive');
    assert.match(said(record), /two readings of the store disagree/);
  });

  it('false verdict 7: what was reached and could not be read stands', () => {
    const trial = new Synthetic().see(16_499, 'readback-failed', {
      source: 'postgres-0',
      why: 'unread',
      reason: 'it has not replayed 0/2',
    });
    assert.match(said(judge(again(trial))), /postgres-0 could not be read back: it has not replayed 0\/2/);
    assert.equal(judge(again(new Synthetic())).verdict, 'pass');
  });
});

describe('reads', () => {
  const changed = (change: (read: Synthetic['reads'][number]) => void): ReturnType<typeof judge> => {
    const trial = new Synthetic();
    for (const read of trial.reads) change(read);
    return judge(trial);
  };

  it('false verdict 8: reads that all failed are no pass', () => {
    const record = changed((read) => Object.assign(read, { outcome: 'unknown', detail: 'deadline' }));
    assert.equal(record.verdict, 'inconclusive');
    assert.match(said(record), /none of 320 reads succeeded/);
  });

  it('false verdict 8: no read at all is no pass where reads were planned', () => {
    const trial = new Synthetic();
    trial.reads.length = 0;
    const record = judge(trial);
    assert.equal(record.verdict, 'inconclusive');
    assert.match(said(record), /no read was recorded, 20 a second were planned/);
  });

  it('false verdict 8: an empty replica behind the address of the primary is no pass', () => {
    const record = changed((read) => (read.detail = '0@replica'));
    assert.equal(record.verdict, 'inconclusive');
    assert.match(said(record), /reads were answered by a replica/);
  });

  it('false verdict 8: reads that do not succeed again fail', () => {
    const record = changed((read) => {
      if (read.n > 100) Object.assign(read, { outcome: 'unknown', detail: 'not delivered' });
    });
    assert.equal(record.verdict, 'fail');
    assert.match(said(record), /reads did not succeed again: none of the last 40 did/);
  });

  it('should prove nothing by a handful of reads that are late at the end', () => {
    const rated = (perSecond: number, late: number): string => {
      const trial = new Synthetic();
      for (const seen of trial.observations)
        if (seen.kind === 'client-load-start') Object.assign(seen, { readRatePerSecond: perSecond });
      const kept = trial.reads.filter((_, i) => i % (20 / perSecond) === 0);
      trial.reads.splice(0, trial.reads.length, ...kept);
      for (const read of kept.slice(-late)) Object.assign(read, { outcome: 'unknown', detail: 'deadline' });
      const { verdict, text } = judge(trial).rules?.find(({ id }) => id === 'reads') ?? {};
      return `${verdict}: ${text}`;
    };
    assert.equal(rated(1, 2), 'inconclusive: 2 of 5 reads failed at the end');
    assert.equal(rated(1, 6), 'inconclusive: 5 of 5 reads failed at the end');
    assert.equal(rated(2, 12), 'fail: reads did not succeed again: none of the last 10 did');
  });

  it('false verdict 8: who answered, and what, must be known', () => {
    assert.match(said(changed((read) => (read.detail = ''))), /do not say what they saw, or who answered/);
    assert.match(said(changed((read) => (read.detail = '99999'))), /saw a number that had not been written/);
  });

  it('false verdict 8: a consumer that got nothing is no pass', () => {
    const counts = { delivered: 0, redelivered: 0, duplicates: 0, outOfOrder: 0 };
    const trial = new Synthetic().see(15_999, 'reader', { queue: 'q', ...counts });
    const { verdict, reason } = judgeFailover([trial.history()]);
    assert.equal(verdict, 'inconclusive');
    assert.match(reason, /the consumer counted 0 messages, which does not fit 280 delivered of 320 reads/);
  });
});

describe('a store that does not bear the load', () => {
  /** Twenty seconds before the fault; the outage after it takes longer than its goal. */
  const trial = (goals: Record<string, unknown> = GOALS) =>
    new Synthetic({
      lengthMs: 70_000,
      faultAtMs: 20_000,
      outages: [[20_000, 35_000]],
      goals,
    });
  /** Every n-th of the first 1,000 writes, which end 15 s before the fault, misses its second. */
  const failing = (one: Synthetic, every: number): Synthetic => {
    for (let n = every; n <= 1000; n += every) one.write(n).outcome = 'unsent';
    return one.readBack();
  };

  it('should fail for its time where at most a tenth of the writes had failed before the fault', () => {
    assert.equal(judge(trial()).verdict, 'fail');
    const few = judge(failing(trial(), 3)); // 333 of 4,000
    assert.equal(few.verdict, 'fail', said(few));
    assert.match(said(few), /^RTO 3[45]\S* to 35\S* s, goal 30 s$/);
  });

  it('should be inconclusive where more had failed, and name the load and what to do', () => {
    const record = judge(failing(trial(), 2)); // 500 of 4,000
    assert.equal(record.verdict, 'inconclusive');
    assert.match(
      said(record),
      /^RTO 3[45]\S* to 35\S* s, goal 30 s; but 500 of 4000 writes had failed before the fault: the store did not bear 200 writes a second, and what the fault alone would have cost is not known; lower clientLoad\.writesPerSecond of the store/,
    );
  });

  it('should still fail for writes that it lost, and pass where it met its goals all the same', () => {
    const lossy = judge(failing(trial(), 2).readBack({ lost: [1501] }));
    assert.equal(lossy.verdict, 'fail');
    assert.match(said(lossy), /lost 1 acknowledged write/);
    const met = judge(failing(trial({ ...GOALS, rtoSeconds: 40 }), 2));
    assert.equal(met.verdict, 'pass', said(met));
  });

  it('should fail all the same where the store refused, or writes were missed in the first seconds only', () => {
    const refusing = failing(trial(), 2);
    for (const write of refusing.writes.slice(0, 1000))
      if (write.outcome === 'unsent') Object.assign(write, { outcome: 'fail', detail: '25006: read-only' });
    assert.equal(judge(refusing.readBack()).verdict, 'fail');
    const opening = trial();
    for (let n = 1; n <= 800; n++) opening.write(n).outcome = 'unsent'; // four seconds
    assert.equal(judge(opening.readBack()).verdict, 'fail');
  });

  it('should fail where no write was acknowledged any more, whatever the load was', () => {
    const gone = new Synthetic({
      lengthMs: 90_000,
      faultAtMs: 20_000,
      outages: [[20_000, 70_000]],
      goals: GOALS,
    });
    const record = judge(failing(gone, 2));
    assert.equal(record.verdict, 'fail', said(record));
    assert.match(said(record), /RTO > 60 s/);
  });

  it('should be inconclusive for a path of clients too', () => {
    const quick = new Synthetic({
      lengthMs: 70_000,
      faultAtMs: 20_000,
      outages: [[20_000, 2_000]],
      goals: GOALS,
    });
    failing(quick.path('direct', [[20_000, 35_000]]), 2);
    const record = judge(quick);
    assert.equal(record.verdict, 'inconclusive', said(record));
    assert.match(said(record), /^path direct: RTO .*; but 500 of 4000 writes had failed before the fault/);
  });
});

describe('writes that waited for a connection in vain', () => {
  /** Half a second after the store was back, one write was not sent: the client was still opening its connections. */
  const trial = (goals: Record<string, unknown>) => {
    const made = new Synthetic({ goals: { ...GOALS, ...goals } }); // away from 5 to 7 s
    made.write(1500).outcome = 'unsent';
    return judge(made.readBack());
  };

  it('should not prove that the store was away until then', () => {
    const record = trial({ rtoSeconds: 2.2 });
    assert.equal(record.verdict, 'inconclusive', said(record));
    assert.match(
      said(record),
      /RTO between (?:1\.99|2|2\.00)\d* and 2\.50\d* s, the goal 2\.2 s lies in between/,
    );
  });

  it('should be no outage that is one too many, nor be left out', () => {
    const record = trial({ outages: 1 });
    assert.equal(record.verdict, 'inconclusive', said(record));
    assert.match(
      said(record),
      /2 outages since the fault, goal 1; in 1 of them writes only waited for a connection/,
    );
  });
});
