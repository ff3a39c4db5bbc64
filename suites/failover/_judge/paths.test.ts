import assert from 'node:assert/strict';
import { READS } from '../../../reports/record/trials.ts';
import { describe, it } from 'node:test';
import { failoverRecordSchema } from '../../../reports/record/run-record.ts';
import type { FailoverRecord, PathRecord } from '../../../reports/record/run-record.ts';
import { FailoverSeries, judgeFailover } from './index.ts';
import { said, Synthetic } from '../../../reports/judge/failover/_testing/synthetic.ts';

/** With the rules that every failover check has, besides its own. */
const judge = (trial: Synthetic): FailoverRecord => new FailoverSeries().add(trial.history());
const ruleOf = ({ rules = [] }: FailoverRecord, name = 'direct') =>
  rules.find(({ id }) => id === `path/${name}`) ?? assert.fail(`no rule path/${name}`);
const pathOf = ({ paths = [] }: FailoverRecord, name = 'direct') =>
  paths.find((path) => path.name === name) ?? assert.fail(`no path ${name}`);
/** On the timeline. */
function onlyOutage({ away = [] }: PathRecord): { fromMs: number; lengthMs: number } {
  const [{ fromMs, toMs } = { fromMs: NaN, toMs: NaN }] = away;
  assert.equal(away.length, 1);
  return { fromMs, lengthMs: (toMs ?? NaN) - fromMs };
}

describe('a further path of clients', () => {
  it('should have an RTO of its own, with exact bounds, beside that of the main load', () => {
    const trial = new Synthetic();
    trial.path('direct', [[5_000, 3_500]]);
    const record = judge(trial);
    assert.equal(record.verdict, 'pass', record.reason);
    assert.deepEqual(failoverRecordSchema.parse(record), record);
    // A write every 5 ms, sent 0.1 ms late; refused in 0.4 ms, acknowledged in 1 ms. The proof of landing comes after the first refusal.
    assert.deepEqual(pathOf(record).rto, { loMs: 3494.6, hiMs: 3506 });
    assert.deepEqual(record.rto, { loMs: 1994.6, hiMs: 2006 });
    assert.equal(pathOf(record).outages, 1);
    // The fault is proved 2 ms after it hit.
    for (const path of [pathOf(record), pathOf(record, READS)]) {
      const { fromMs, lengthMs } = onlyOutage(path);
      assert.ok(Math.abs(fromMs) < 120, `${path.name} was out from ${fromMs} ms on`);
      assert.equal(Math.round(lengthMs), Math.round(path.rto?.hiMs ?? NaN));
    }
    assert.match(
      record.reason,
      /^RTO 1\.\d+ to 2\.\d+ s, of reads 1\.\d+ to 2\.\d+ s, by path direct 3\.\d+ to 3\.\d+ s, 0 of/,
    );
  });

  it('should fail above the goal while the main load is within it, in the words of the main rule', () => {
    const goals = { rtoSeconds: 3, lostWrites: 0, minTrials: 1 };
    const trial = new Synthetic({ goals });
    trial.path('direct', [[5_000, 3_500]]);
    const record = judge(trial);
    assert.equal(record.verdict, 'fail');
    assert.deepEqual(ruleOf(record), {
      id: 'path/direct',
      verdict: 'fail',
      text: 'path direct: RTO 3.495 to 3.506 s, goal 3 s',
      ofTime: true,
    });
    assert.equal(record.rules?.find(({ id }) => id === 'rto')?.verdict, 'pass');
    const main = judge(new Synthetic({ goals, outages: [[5_000, 3_500]] }));
    assert.equal(`path direct: ${main.reason}`, record.reason);
  });

  it('should be inconclusive where the goal lies between the bounds', () => {
    const trial = new Synthetic({ goals: { rtoSeconds: 3.5, lostWrites: 0, minTrials: 1 } });
    trial.path('direct', [[5_000, 3_500]]);
    assert.match(said(judge(trial)), /^path direct: RTO between .* the goal 3\.5 s lies in between$/);
  });

  it('should fail when it never came back before the deadline, though the main load did', () => {
    const trial = new Synthetic({ lengthMs: 70_000 });
    trial.path('direct', [[5_000, 100_000]]);
    trial.see(65_500, 'deadline', { rtoDeadlineMs: 60_000, detail: 'path direct: none has succeeded' });
    const record = judge(trial);
    assert.equal(record.verdict, 'fail');
    assert.equal(
      ruleOf(record).text,
      'path direct: RTO > 60 s: writes did not succeed for 5 s again before the deadline',
    );
    assert.equal(pathOf(record).rto, null);
    assert.equal(pathOf(record).rtoNote, 'RTO > 60 s');
    assert.deepEqual(
      pathOf(record).away?.map(({ toMs }) => toMs),
      [null],
    );
    assert.equal(record.rules?.find(({ id }) => id === 'recovered')?.verdict, 'pass');
  });

  it('should not note an RTO beyond the deadline of an outage that nothing proves to be so long', () => {
    const trial = new Synthetic({ lengthMs: 70_000 });
    // The trial waited for the main load until after the deadline; this client failed once, at the very end.
    trial.path('direct', [[66_500, 100_000]]);
    trial.see(65_500, 'deadline', { rtoDeadlineMs: 60_000, detail: 'not steady' });
    const record = judge(trial);
    assert.doesNotMatch(ruleOf(record).text, /RTO >/);
    assert.equal(ruleOf(record).verdict, 'inconclusive');
    assert.equal(pathOf(record).rtoNote, 'not steady again when the recording ended');
  });

  it('should not take the last failure of the main load for an outage beyond the deadline of another client', () => {
    const trial = new Synthetic({
      lengthMs: 140_000,
      outages: [
        [5_000, 2_000],
        [138_000, 10],
      ],
    });
    trial.observations = trial.observations.map((seen) =>
      seen.kind === 'stage' && seen.name === 'healing' ? { ...seen, t: 1_066_000 } : seen,
    );
    trial.path('direct', [[5_000, 200_000]]);
    trial.see(65_500, 'deadline', { rtoDeadlineMs: 60_000, detail: 'path direct: none has succeeded' });
    const record = judge(trial);
    assert.equal(record.rules?.find(({ id }) => id === 'recovered')?.verdict, 'inconclusive');
    assert.equal(ruleOf(record).verdict, 'fail');
  });

  it('should have no outage where none of its writes failed', () => {
    const trial = new Synthetic();
    trial.path('direct', []);
    const record = judge(trial);
    assert.equal(record.verdict, 'pass', record.reason);
    assert.equal(pathOf(record).outages, 0);
    assert.equal(pathOf(record).rto?.loMs, 0);
    assert.match(pathOf(record).rtoNote ?? '', /^no write failed/);
  });

  it('should leave records of stores without paths as they are', () => {
    const record = judge(new Synthetic());
    assert.deepEqual(
      record.paths?.map(({ name }) => name),
      [READS],
    );
    assert.ok(record.rules?.every(({ id }) => !id.startsWith('path/')));
  });
});

describe('the absence of a declared path', () => {
  it('should be inconclusive when nothing was recorded of it', () => {
    const trial = new Synthetic();
    trial.path('direct', null);
    const record = judge(trial);
    assert.equal(record.verdict, 'inconclusive');
    assert.equal(record.reason, 'path direct: it is declared, and nothing was recorded of it');
    assert.deepEqual(pathOf(record), { name: 'direct', rto: null, rtoNote: 'not recorded', outages: null });
  });

  it('should be inconclusive when one of two was not recorded', () => {
    const trial = new Synthetic();
    trial.path('pooled', [[5_000, 1_000]]);
    trial.path('direct', null);
    const record = judge(trial);
    assert.deepEqual(
      [record.verdict, ruleOf(record, 'pooled').verdict, ruleOf(record).verdict],
      ['inconclusive', 'pass', 'inconclusive'],
    );
  });

  it('should be inconclusive when a path was recorded that is not declared', () => {
    const trial = new Synthetic();
    trial.path('direct', [[5_000, 50_000]]);
    const history = trial.history();
    const [direct] = history.paths ?? [];
    assert.ok(direct);
    const { rules } = new FailoverSeries().add({ ...history, paths: [direct, { ...direct, name: 'other' }] });
    assert.equal(
      rules?.find(({ id }) => id === 'path/other')?.text,
      'path other: it was recorded, and is not declared',
    );
  });

  const changes: [string, (load: Synthetic) => unknown, RegExp][] = [
    ['without an end', (load) => load.without('client-load-end'), /the record of its load has no end$/],
    ['without a beginning', (load) => load.without('client-load-start'), /has no beginning$/],
    ['without a write', (load) => load.writes.splice(0), /./],
    [
      'whose load could not start',
      (load) => load.see(-5, 'client-load-failed', { reason: 'ECONNREFUSED' }),
      /its load could not start: ECONNREFUSED$/,
    ],
    [
      'with too few writes before the fault',
      (load) => load.writes.forEach((op) => (op.n <= 950 ? (op.outcome = 'unsent') : op)),
      /./,
    ],
    [
      'of which writes are missing',
      (load) => load.writes.splice(2_500, 10),
      /3200 writes were scheduled, 3190 recorded$/,
    ],
    [
      'whose generator was late at an edge',
      (load) =>
        Object.assign(load.write(1_001), {
          sent: load.write(1_001).intended + 150,
          done: load.write(1_001).intended + 151,
        }),
      /./,
    ],
  ];
  for (const [name, change, text] of changes) {
    it(`should be no pass: a path ${name}`, () => {
      const trial = new Synthetic();
      change(trial.path('direct', [[5_000, 1_000]]));
      const rule = ruleOf(judge(trial));
      assert.equal(rule.verdict, 'inconclusive', rule.text);
      assert.match(rule.text, text);
    });
  }

  it('should not call a load that was cut off in its outage one that never came back', () => {
    const trial = new Synthetic({ lengthMs: 70_000 });
    trial.path('direct', [[5_000, 100_000]]).cutAt(20_000);
    trial.see(65_500, 'deadline', {
      rtoDeadlineMs: 60_000,
      detail: 'path direct: the last success long ago',
    });
    const rule = ruleOf(judge(trial));
    assert.equal(rule.verdict, 'inconclusive');
    assert.match(rule.text, /no end$/);
  });

  it('should not pass with a damaged line of a path', () => {
    const trial = new Synthetic();
    trial.path('direct', [[5_000, 1_000]]);
    trial.damaged = [{ file: 'path-direct/client-load.ndjson', line: 7 }];
    assert.equal(judge(trial).verdict, 'inconclusive');
  });
});

describe('a busy machine', () => {
  it('should excuse a path above its goal as it excuses the main load', () => {
    const trial = new Synthetic({ goals: { rtoSeconds: 3, lostWrites: 0, minTrials: 1 } });
    trial.path('direct', [[5_000, 3_500]]);
    const others = { mean: 0.9, max: 0.9 };
    const history = { ...trial.history(), pressure: { others } as never };
    const record = new FailoverSeries().add(history);
    assert.equal(ruleOf(record).verdict, 'inconclusive');
    assert.match(ruleOf(record).text, /goal 3 s; the machine was too busy/);
  });
});

describe('paths over trials', () => {
  it('should give the longest and the median RTO of each path', () => {
    const trials = [1_000, 3_500, 2_000].map((lengthMs) => {
      const trial = new Synthetic();
      trial.path('direct', [[5_000, lengthMs]]);
      return trial.history();
    });
    const { figures, seen } = judgeFailover(trials);
    const named = Object.fromEntries(figures.map(({ name, value, goal }) => [name, [value, goal]]));
    assert.deepEqual(named['worst RTO by path direct'], [3.506, 30]);
    assert.deepEqual(named['median RTO by path direct'], [2.006, undefined]);
    assert.match(seen, /^worst RTO 2\.006 s, of reads 2\.051 s, by path direct 3\.506 s,/);
  });
});
