import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { failoverRecordSchema } from '../../../reports/record/run-record.ts';
import { failoverRecord } from './index.ts';
import { PROOF, said, START, Synthetic } from '../../../reports/judge/failover/_testing/synthetic.ts';

const judge = (trial: Synthetic) => failoverRecord(trial.history());

describe('a trial as it should be', () => {
  const record = judge(new Synthetic());

  it('should pass and match the schema', () => {
    assert.equal(record.verdict, 'pass', record.reason);
    assert.deepEqual(failoverRecordSchema.parse(record), record);
    assert.match(
      record.reason,
      /^RTO 1\.\d+ to 2\.\d+ s, of reads \d+\.\d+ to 2\.\d+ s, 0 of \d+ acknowledged writes lost$/,
    );
  });

  it('should annotate phases with their polling error, relative to the landing', () => {
    const phases = Object.fromEntries(
      record.phases.map(({ name, atMs, errorMs }) => [name, [atMs, errorMs]]),
    );
    assert.deepEqual(phases['landed'], [0, 2]);
    assert.deepEqual(phases['detected'], [948, 50]);
    assert.deepEqual(phases['elected'], [1748, 50]);
    assert.deepEqual(phases['endpoint moved'], [1838, 60]);
    assert.deepEqual(phases['replicas restored'], [4748, 250]);
    const first = phases['first ok write'] as [number, number];
    assert.ok(Math.abs(first[0] - 1998) <= first[1] && first[1] <= 5, String(first));
    assert.equal(record.phases.find(({ name }) => name === 'elected')?.detail, 'postgres-1');
  });

  it('should say who led, what governed, and that the expectation held', () => {
    assert.deepEqual(
      [record.election, record.leaderBefore, record.leaderAfter],
      ['elsewhere', 'postgres-0', 'postgres-1'],
    );
    assert.deepEqual(record.governing[0], { name: 'ttl', value: '20', source: 'Patroni /config' });
    assert.equal(record.outsideExpected, 'no');
    assert.deepEqual(record.landed, { proved: true, by: `processes gone: ${PROOF}`, atMs: 5002 });
  });

  it('should draw a strip of 100 ms bins from 5 s before the fault', () => {
    const bins = record.strip;
    assert.equal(bins[0]?.[0], -5000);
    assert.deepEqual(
      bins.find(([at]) => at === -1000),
      [-1000, 20, 0],
    );
    assert.deepEqual(
      bins.find(([at]) => at === 1000),
      [1000, 0, 20],
    );
    assert.equal(
      bins.reduce((sum, [, ok, not]) => sum + ok + not, 0),
      3199,
    ); // the first was due 5,002 ms before the landing
  });
});

describe('recovery', () => {
  it('should fail when it never came back before the deadline, whatever else is missing', () => {
    const never = new Synthetic({ lengthMs: 70_000, outages: [[5_000, 100_000]] });
    never.without(
      'fault-landed',
      'steady-after',
      'client-load-end',
      'readback',
      'readback-plan',
      'leader',
      'endpoint',
      'members',
    );
    never.see(65_000, 'deadline', { rtoDeadlineMs: 60_000 });
    const record = judge(never);
    assert.equal(record.verdict, 'fail');
    assert.match(said(record), /RTO > 60 s/);
    assert.equal(record.rto, null);
    assert.equal(record.outages[0]?.firstOkMs, null);
    assert.deepEqual(failoverRecordSchema.parse(record), record);
  });

  it('should fail without a recorded deadline when the recording runs past it', () => {
    const record = judge(new Synthetic({ lengthMs: 70_000, outages: [[5_000, 100_000]] }));
    assert.equal(record.verdict, 'fail');
    assert.match(said(record), /RTO > 60 s/);
  });

  it('should fail though the generator lagged when it never came back', () => {
    const never = new Synthetic({ lengthMs: 70_000, outages: [[5_000, 100_000]] });
    for (const op of never.writes) op.sent += 30;
    for (const op of never.writes) op.done += 30;
    assert.equal(judge(never).verdict, 'fail');
  });

  it('should be inconclusive when the recording was killed soon after', () => {
    const record = judge(new Synthetic().cutAt(9_000));
    assert.equal(record.verdict, 'inconclusive');
    assert.match(said(record), /ended before writes were seen to succeed for 5 s/);
  });

  it('should fail when the recording was killed in an outage that had passed the goal', () => {
    const cut = new Synthetic({ lengthMs: 70_000, outages: [[5_000, 100_000]] }).cutAt(40_000);
    const record = judge(cut);
    assert.equal(record.verdict, 'fail');
    assert.match(said(record), /RTO > 34\.\d+ s when the recording ended, goal 30 s/);
  });

  it('should take outages with less than 5 s between them as one, and list both', () => {
    const flapping = new Synthetic({
      lengthMs: 20_000,
      outages: [
        [5_000, 1_000],
        [8_000, 500],
      ],
    });
    const record = judge(flapping);
    assert.equal(record.outages.length, 2);
    const { loMs = 0, hiMs = 0 } = record.rto ?? {};
    assert.ok(loMs <= 3500 && 3500 <= hiMs && hiMs - loMs <= 20, `[${loMs}, ${hiMs}]`);
    assert.ok(Math.abs(record.outageTotalMs - 1500) < 25, String(record.outageTotalMs));
    assert.match(record.rtoNote ?? '', /^2 outages/);
  });

  it('should state an RTO of at most one spacing when no write failed', () => {
    const trial = new Synthetic({ outages: [] }).without('leader');
    for (const [t, leader] of [
      [-80, 'postgres-0'],
      [6_000, 'postgres-1'],
    ] as const)
      trial.see(t, 'leader', { leader, pollMs: 100 });
    const record = judge(trial.see(16_000, 'leader', { leader: 'postgres-1', pollMs: 100, final: true }));
    assert.equal(record.verdict, 'pass', record.reason);
    assert.equal(record.rto?.loMs, 0);
    assert.ok(record.rto.hiMs <= 10);
    assert.match(record.rtoNote ?? '', /no write failed/);
  });

  it('should flag what came sooner or later than the settings allow', () => {
    const window = (loMs: number, hiMs: number) =>
      judge(new Synthetic().without('expected-window').see(0, 'expected-window', { loMs, hiMs }));
    assert.equal(window(3000, 9000).outsideExpected, 'faster');
    assert.equal(window(100, 900).outsideExpected, 'slower');
    assert.equal(judge(new Synthetic().without('expected-window')).outsideExpected, 'unknown');
  });

  it('should not call a generator that stands still a steady stretch', () => {
    const idle = new Synthetic();
    idle.writes.splice(
      0,
      idle.writes.length,
      ...idle.writes.filter((op) => op.intended < START + 7_200 || op.n === 3200),
    );
    assert.equal(judge(idle).rto, null);
  });
});

describe('what makes a trial inconclusive', () => {
  const cases: [string, Synthetic, RegExp][] = [
    [
      'a fault that missed',
      new Synthetic().without('fault-landed').see(5_001, 'fault-missed', { reason: 'no such pod' }),
      /did not land: no such pod/,
    ],
    [
      'a fault without proof',
      new Synthetic().without('fault-landed').see(5_002, 'fault-landed', { by: 'kill', proof: '' }),
      /landing is not proved/,
    ],
    [
      'a fault that was not injected',
      new Synthetic().without('fault-landed', 'fault-armed', 'fault-acted'),
      /not injected/,
    ],
    ['goals that are missing', new Synthetic({ goals: {} }), /no goals/],
    [
      'a damaged line',
      Object.assign(new Synthetic(), { damaged: [{ file: 'phases.ndjson', line: 3 }] }),
      /phases\.ndjson:3/,
    ],
    ['a client load that was killed', new Synthetic().without('client-load-end'), /did not say how many/],
    [
      'another number of scheduled writes',
      new Synthetic().without('client-load-end').see(16_001, 'client-load-end', { scheduled: 3201 }),
      /3201 ≠ 3200.*write 3201 of 3201 is not in the history/,
    ],
    ['a leader read once', dropRead(2), /read back in full 1 times, expected 2/],
    [
      'a member that was not read',
      new Synthetic().see(16_400, 'readback-failed', { source: 'postgres-2', reason: 'refused' }),
      /postgres-2 could not be read back: refused/,
    ],
    [
      'no read-back',
      new Synthetic().without('readback', 'readback-plan'),
      /0 of 3 members could be read back/,
    ],
    [
      'no look at the members afterwards',
      new Synthetic().without('steady-after'),
      /nobody checked whether all members were back/,
    ],
    ['a member that nobody was to read', unplanned(), /only 2 of 3 members could be read back/],
    ['the read-back of another run', otherRun(), /writes of another run were read back/],
  ];
  it('should count what was read after a member had gone away in the middle of the first reading, and say so', () => {
    const again = { reason: 'postgres-2: read ECONNRESET' };
    const first = new Synthetic().see(16_399, 'readback', {
      source: 'postgres-1',
      role: 'leader',
      pass: 1,
      present: [],
      duplicates: [],
      complete: true,
    });
    const record = judge(
      first
        .see(16_399.5, 'readback-failed', { source: 'postgres-2', reason: 'read ECONNRESET' })
        .see(16_399.9, 'readback-again', again),
    );
    assert.equal(record.verdict, 'pass', record.reason);
    assert.match(record.remarks?.join() ?? '', /read back a second time.*postgres-2: read ECONNRESET/);
    const nothing = judge(new Synthetic().see(99_000, 'readback-again', again));
    assert.equal(nothing.verdict, 'inconclusive');
    assert.match(nothing.reason, /0 of 3 members could be read back/);
  });

  for (const [what, trial, expected] of cases) {
    it(`should name ${what}`, () => {
      const record = judge(trial);
      assert.equal(record.verdict, 'inconclusive', record.reason);
      assert.match(said(record), expected);
      assert.deepEqual(failoverRecordSchema.parse(record), record);
    });
  }

  function dropRead(pass: number): Synthetic {
    const trial = new Synthetic();
    trial.observations = trial.observations.filter(
      (seen) => !(seen.kind === 'readback' && seen.role === 'leader' && seen.pass === pass),
    );
    return trial;
  }

  /** A read-back that leaves out a declared member. */
  function unplanned(): Synthetic {
    const trial = new Synthetic();
    const isLeftOut = (source: string): boolean => source === 'postgres-2';
    trial.observations = trial.observations.filter(
      (one) => one.kind !== 'readback' || !isLeftOut(one.source),
    );
    for (const one of trial.observations)
      if (one.kind === 'readback-plan') one.sources = one.sources.filter((source) => !isLeftOut(source));
    return trial;
  }

  function otherRun(): Synthetic {
    const trial = new Synthetic();
    for (const seen of trial.observations) if (seen.kind === 'readback-plan') seen['run'] = 'r0';
    return trial;
  }

  it('should name too few acknowledged writes before the fault', () => {
    const record = judge(new Synthetic({ faultAtMs: 400, outages: [[400, 2_000]] }));
    assert.equal(record.verdict, 'inconclusive');
    assert.match(said(record), /80 acknowledged writes before the fault, at least 100 needed/);
  });

  it('should name a generator that was too late at an edge to see it, and only there', () => {
    assert.match(said(judge(late(996, 120))), /120\.1 ms late at the edges/);
    assert.equal(judge(late(996, 120)).verdict, 'inconclusive');
    assert.match(said(judge(late(1404, 120))), /120\.1 ms late/);
    assert.equal(judge(late(300, 8)).verdict, 'pass');
    assert.equal(judge(late(300, 8)).generatorLagMs.max, 8.1);
  });

  it('should widen both bounds by what a late generator may have moved both edges, and judge by them', () => {
    const bounds = (byMs: number) => {
      const { rto, verdict } = judge(late(996, byMs));
      return { loMs: rto?.loMs ?? 0, hiMs: rto?.hiMs ?? 0, verdict };
    };
    const [punctual, seen] = [bounds(4), bounds(8)];
    // Twice the lateness, of which 0.1 ms is there always, and 5 ms to the next write.
    const movedMs = 2 * (8.1 + 5);
    assert.ok(Math.abs(punctual.loMs - movedMs - seen.loMs) < 0.1, `${seen.loMs}`);
    // The write that was late is among those that the upper bound is taken from.
    assert.ok(
      seen.hiMs - punctual.hiMs >= movedMs - 5 && seen.hiMs - punctual.hiMs <= movedMs + 5,
      `${seen.hiMs}`,
    );
    assert.deepEqual([punctual.verdict, seen.verdict], ['pass', 'pass']);
    const goal = (rtoSeconds: number) =>
      judge(late(996, 8, { rtoSeconds, readsRtoSeconds: 30, lostWrites: 0, minTrials: 1 }));
    const inside = (punctual.hiMs + seen.hiMs) / 2 / 1000;
    assert.equal(goal(inside).verdict, 'inconclusive');
    assert.match(said(goal(inside)), /RTO between .* lies in between/);
    assert.equal(goal((seen.loMs - 1) / 1000).verdict, 'fail');
    assert.equal(goal((seen.loMs + 1) / 1000).verdict, 'inconclusive');
    assert.equal(goal((seen.hiMs + 1) / 1000).verdict, 'pass');
  });

  function late(n: number, byMs: number, goals?: Record<string, number>): Synthetic {
    const trial = new Synthetic(goals === undefined ? {} : { goals });
    trial.write(n).sent += byMs;
    trial.write(n).done += byMs;
    return trial;
  }

  it('should not take waiting for a connection for lateness', () => {
    const trial = new Synthetic();
    Object.assign(trial.write(996), {
      sent: trial.write(996).sent + 8,
      done: trial.write(996).done + 8,
      detail: 'waited=8.0',
    });
    assert.equal(judge(trial).verdict, 'pass');
  });

  it('should know the end of an outage from an operation that was refused, asked again and was acknowledged', () => {
    const firstOk = new Synthetic().write(1401);
    const narrowed = (detail: string): number => {
      const trial = new Synthetic();
      trial.write(1401).detail = detail;
      const { rto } = judge(trial);
      return (rto?.loMs ?? 0) - (judge(new Synthetic()).rto?.loMs ?? 0);
    };
    assert.equal(new Synthetic().write(1400).outcome, 'fail');
    assert.equal(firstOk.outcome, 'ok');
    assert.ok(
      Math.abs(narrowed('waited=2.0;refused=2.000') - 3) < 0.01,
      'the last failed one was sent 5 ms before',
    );
    // A refusal from before the last failed operation adds nothing, and one from before an acknowledgement is not of this outage.
    assert.equal(narrowed('refused=7.000'), 0);
    assert.equal(narrowed('refused=2500.000'), 0);
  });

  it('should not decide by two readings that disagree', () => {
    const trial = new Synthetic();
    const first = trial.observations.find((seen) => seen.kind === 'readback' && seen.pass === 1);
    if (first?.kind === 'readback') first.present = [[1, 10]];
    const record = judge(trial);
    assert.equal(record.verdict, 'inconclusive');
    assert.match(said(record), /two readings of the leader disagree/);
    assert.equal(record.writes, null);
  });
});
