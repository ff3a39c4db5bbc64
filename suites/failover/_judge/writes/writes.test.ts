import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { failoverRecordSchema } from '../../../../reports/record/run-record.ts';
import { failoverRecord, judgeFailover } from '../index.ts';
import { said, START, Synthetic } from '../../../../reports/judge/failover/_testing/synthetic.ts';

const judge = (trial: Synthetic) => failoverRecord(trial.history());

describe('writes', () => {
  it('should fail for a lost write even where the fault did not land', () => {
    assert.equal(judge(new Synthetic().readBack({ lost: [150] }).without('fault-landed')).verdict, 'fail');
  });

  it('should allow what the goal allows', () => {
    const goals = { rtoSeconds: 30, lostWrites: 1 };
    assert.equal(judge(new Synthetic({ goals }).readBack({ lost: [150] })).verdict, 'pass');
  });

  it('should fail for what a consumer beside the writes got twice or out of order, not for redeliveries', () => {
    const reader = (counts: Record<string, number>): ReturnType<typeof judge> =>
      judge(new Synthetic().readBack().see(16_000, 'reader', { delivered: 10_000, ...counts }));
    assert.equal(reader({ redelivered: 9, duplicates: 0, outOfOrder: 0 }).verdict, 'pass');
    assert.match(
      said(reader({ duplicates: 2, outOfOrder: 0 })),
      /2 messages twice without the redelivered flag/,
    );
    assert.match(said(reader({ duplicates: 0, outOfOrder: 1 })), /1 message of one publisher out of order/);
  });

  it('should notice numbers that nobody wrote, and writes recorded twice', () => {
    assert.match(
      said(judge(new Synthetic().readBack({ extra: [9999] }))),
      /numbers in the store = .*: 2801 ≠ 2800/,
    );
    const twice = new Synthetic();
    twice.write(10).n = 11;
    const { reason, verdict } = judge(twice);
    assert.equal(verdict, 'inconclusive');
    assert.match(reason, /write 10 of 3200 is not in the history; write 11 is in the history twice/);
  });

  it('should fail for a member that differs after it rejoined', () => {
    const trial = new Synthetic();
    const member = trial.observations.find(
      (seen) => seen.kind === 'readback' && seen.source === 'postgres-2',
    );
    if (member?.kind === 'readback')
      member.present = [
        [1, 900],
        [5000, 5000],
      ];
    const record = judge(trial);
    assert.equal(record.verdict, 'fail');
    assert.match(
      said(record),
      /postgres-2 differs from the leader postgres-1 after it rejoined: 1900 writes missing, 1 too many/,
    );
  });

  it('should fail for a member that holds more than the leader', () => {
    const trial = new Synthetic();
    for (const seen of trial.observations)
      if (seen.kind === 'readback' && seen.source === 'postgres-2')
        seen.present = [...seen.present, [5000, 5000]];
    const record = judge(trial);
    assert.equal(record.verdict, 'fail');
    assert.match(said(record), /postgres-2 differs .*: 0 writes missing, 1 too many/);
  });

  it('should fail when members did not come back', () => {
    const record = judge(
      new Synthetic()
        .without('steady-after')
        .see(20_000, 'steady-after', { ok: false, detail: '1 of 2 replicas' }),
    );
    assert.equal(record.verdict, 'fail');
    assert.match(said(record), /not all members were back after the trial: 1 of 2 replicas/);
  });

  it('should judge staleness on the primary only', () => {
    const read = (detail: string): Synthetic => {
      const trial = new Synthetic();
      trial.reads.push({
        n: 1,
        intended: START + 1000,
        sent: START + 1000,
        done: START + 1001,
        outcome: 'ok',
        detail,
      });
      return trial;
    };
    assert.equal(judge(read('200')).verdict, 'pass');
    assert.match(said(judge(read('199'))), /1 read on the primary missed an acknowledged write/);
    assert.equal(judge(read('199@replica')).verdict, 'pass');
    const replaced = judge(read('199@replaced'));
    assert.equal(replaced.verdict, 'pass');
    assert.match(
      replaced.remarks?.join() ?? '',
      /1 read missed an acknowledged write: it was answered by a member/,
    );
  });
});

describe('elections and missing phases', () => {
  it('should tell in place from elsewhere by what was looked at after the fault', () => {
    const inPlace = new Synthetic().without('leader', 'steady-after').readBack({ leader: 'postgres-0' });
    inPlace.see(16_900, 'steady-after', { ok: true, leader: 'postgres-0', detail: 'all there' });
    inPlace.see(-80, 'leader', { leader: 'postgres-0', pollMs: 100 });
    inPlace.see(16_000, 'leader', { leader: 'postgres-0', pollMs: 100, final: true });
    assert.equal(judge(inPlace).election, 'in place');
    assert.equal(judgeFailover([inPlace.history()]).verdict, 'inconclusive');
    // A fault aimed at a pod by name requires no election.
    inPlace.outline.settings = { ...inPlace.outline.settings, failover: { target: 'postgres-0' } };
    assert.equal(judgeFailover([inPlace.history()]).verdict, 'pass');
    const unseen = new Synthetic().without('leader');
    unseen.see(-80, 'leader', { leader: 'postgres-0', pollMs: 100 });
    unseen.see(16_000, 'leader', { leader: 'postgres-0', pollMs: 12_000, final: true });
    assert.equal(judge(unseen).election, 'not seen');
    assert.equal(judge(new Synthetic({ settings: { members: 1 } })).election, 'not applicable');
  });

  it('should do without any phase', () => {
    const record = judge(
      new Synthetic().without('leader', 'endpoint', 'members', 'governing', 'expected-window'),
    );
    assert.deepEqual(
      record.rules?.filter(({ verdict }) => verdict !== 'pass').map(({ id, verdict }) => `${id} ${verdict}`),
      ['evidence/governing inconclusive', 'evidence/leader inconclusive', 'coherence/aim inconclusive'],
    );
    assert.deepEqual(
      record.phases.filter(({ atMs }) => atMs === null).map(({ name }) => name),
      ['detected', 'elected', 'endpoint moved', 'replicas restored'],
    );
  });
});

it('should take the endpoint that led clients back, not where the Service pointed on its way', () => {
  const trial = new Synthetic();
  trial.see(5_500, 'endpoint', { addresses: ['198.18.74.6'] });
  trial.see(5_600, 'endpoint', { addresses: [] });
  trial.see(15_000, 'endpoint', { addresses: ['198.18.75.6', '198.18.76.1'] });
  const moved = judge(trial).phases.find(({ name }) => name === 'endpoint moved');
  assert.deepEqual([moved?.atMs, moved?.detail], [1838, '198.18.75.6']);
});

describe('judging a check', () => {
  it('should pass when trials pass and one elected another leader', () => {
    const inPlace = new Synthetic()
      .without('leader', 'steady-after')
      .readBack({ leader: 'postgres-0' })
      .see(16_900, 'steady-after', { ok: true, leader: 'postgres-0', detail: 'all there' })
      .see(-80, 'leader', { leader: 'postgres-0', pollMs: 100 });
    inPlace.see(15_000, 'leader', { leader: 'postgres-0', pollMs: 100, final: true });
    const judgement = judgeFailover([inPlace.history(), new Synthetic().history()]);
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.equal(judgement.trials?.length, 2);
  });

  it('should be as bad as the worst trial', () => {
    const lost = new Synthetic().readBack({ lost: [7] });
    assert.equal(judgeFailover([new Synthetic().history(), lost.history()]).verdict, 'fail');
  });

  it('should judge empty histories and none without throwing', () => {
    const empty = new Synthetic();
    empty.writes.length = 0;
    empty.observations = [];
    const record = judge(empty);
    assert.equal(record.verdict, 'inconclusive');
    assert.match(said(record), /no write was recorded/);
    assert.deepEqual(failoverRecordSchema.parse(record), record);
    assert.equal(judgeFailover([]).verdict, 'inconclusive');
  });

  it('should give the same verdict for the same history, in whatever order operations come', () => {
    const history = new Synthetic().history();
    const shuffled = new Synthetic();
    shuffled.writes.reverse();
    const swapped = shuffled.history();
    assert.deepEqual(failoverRecord(swapped), failoverRecord(history));
    assert.deepEqual(failoverRecord(history), failoverRecord(history));
  });
});
