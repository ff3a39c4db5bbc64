import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diffRuns, renderFormat } from '../index.ts';
import type { FailoverRecord, RunRecord } from '../record/run-record.ts';
import { acceptedRun } from '../_testing/accepted.ts';
import { fixtureFailover, fixtureRecord } from './_testing/fixture.ts';
import { fixtureTrial } from './_testing/fixture-trial.ts';
import { budget } from './html/charts/timeline.ts';
import { failoverText, worstRtoText } from './text.ts';

/** Killed in an outage. */
const cutOff = (trial: number): FailoverRecord => ({
  ...fixtureTrial({ trial, rtoMs: null }),
  verdict: 'inconclusive',
  reason: 'cut off: the history has no end',
});
/** Nothing was hit. */
const uninjected = (trial: number, verdict: FailoverRecord['verdict']): FailoverRecord => ({
  ...fixtureTrial({ trial, rtoMs: null }),
  verdict,
  landed: { proved: false, by: 'the leader had moved', atMs: null, injected: false },
});
const passed = (trial: number, rtoMs: number): FailoverRecord => fixtureTrial({ trial, rtoMs });

const recordOf = (...trials: FailoverRecord[]): RunRecord => {
  const others = acceptedRun('met').checks.filter(({ id }) => id === 'failover/postgres/pod-delete');
  const check = {
    ...fixtureFailover('pod-crash', trials),
    verdict: 'pass' as const,
    seen: '',
    figures: [],
  };
  return fixtureRecord([check, ...others]);
};
/** The values of the drill's metrics. */
const metricOf = async (...trials: FailoverRecord[]): Promise<(name: string) => string | undefined> => {
  const metrics = await renderFormat(recordOf(...trials), 'openmetrics');
  return (name) =>
    new RegExp(`plumbline_failover_${name}\\{[^}]*fault="pod-crash"\\} (.*)`).exec(metrics)?.[1];
};
const partly = recordOf(passed(1, 4213), cutOff(2), passed(3, 5000), passed(4, 3000));

describe('a trial that does not count', () => {
  it('should prove nothing by losing no writes', async () => {
    const readBack: FailoverRecord = { ...uninjected(1, 'inconclusive'), writes: passed(1, 4213).writes };
    const unread: FailoverRecord = { ...fixtureTrial({ trial: 2, rtoMs: null }), writes: null };
    for (const trials of [[readBack], [readBack, unread]]) {
      const value = await metricOf(...trials);
      assert.deepEqual([value('lost_writes'), value('duplicated_writes')], [undefined, undefined]);
      assert.match(
        failoverText(recordOf(...trials).checks[0] ?? assert.fail()),
        trials.length === 1
          ? /^RTO no fault was injected, lost writes not known in 1 uncounted trial$/
          : /lost writes not known, another leader in 1 of 1 counted trial$/,
      );
    }
    const markdown = await renderFormat(recordOf(readBack), 'markdown');
    assert.match(markdown, /no fault was injected \|.*\| not known \| – \|/);
    assert.ok(readBack.writes !== null);
    const value = await metricOf({ ...readBack, writes: { ...readBack.writes, duplicates: 1 } });
    assert.equal(value('duplicated_writes'), '1');
  });

  it('should not change a comparison of two runs', () => {
    const whole = recordOf(passed(1, 4213), passed(2, 4500), passed(3, 5000), passed(4, 3000));
    const [change] = diffRuns(partly, whole).failover;
    assert.deepEqual([change?.beforeMs, change?.afterMs], [5000, 5000]);
  });

  it('should say what there is instead of an RTO where none counts', () => {
    assert.equal(worstRtoText([cutOff(1)]), 'not known');
    assert.equal(worstRtoText([uninjected(1, 'inconclusive')]), 'no fault was injected');
    assert.equal(worstRtoText([uninjected(1, 'fail'), cutOff(2)]), 'no fault was injected');
    assert.equal(worstRtoText([passed(1, 4213), uninjected(2, 'inconclusive')]), '4.213 s');
    assert.equal(worstRtoText([passed(1, 4213), fixtureTrial({ rtoMs: null })]), 'never steady again');
  });
});

describe('the bar of an RTO against its goal', () => {
  const shown = (trial: FailoverRecord): string => budget(trial, 30, 'RTO').text;

  it('should be over only where all of the interval is, as the verdict has it', () => {
    const between = { ...passed(1, 30_004), rto: { loMs: 29_998, hiMs: 30_004 } };
    assert.match(shown(between), /30\.004 s of 30 s, 100 % of the goal</);
    assert.doesNotMatch(shown(between), /over/);
    assert.match(shown(passed(1, 33_000)), /110 % of the goal \(over\)[^]*class="b-over"/);
  });

  it('should be full without an RTO only where a fault was injected and the trial counts', () => {
    assert.match(
      shown(fixtureTrial({ rtoMs: null })),
      /not steady again<[^]*class="b-over"[^>]* width="1000"/,
    );
    assert.match(
      shown(uninjected(1, 'inconclusive')),
      /no fault was injected<[^]*class="b-used"[^>]* width="0"/,
    );
  });
});
