import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixtureCheck, fixtureRecord } from '../../reports/render/_testing/fixture.ts';
import type { Verdict } from '../../reports/record/verdict.ts';
import { renderSeries, seriesOf } from './odd.ts';
import type { RepeatedRun } from './odd.ts';

function runOf(id: string, verdicts: Record<string, Verdict>): RepeatedRun {
  const checks = Object.entries(verdicts).map(([check, verdict]) =>
    fixtureCheck(check, { verdict, reason: `reason of ${verdict}`, seen: 'seen' }),
  );
  return { record: fixtureRecord(checks, { id }), pressure: null };
}

test('should find a check that did not come to the same verdict each time, and bound the share of false fails', () => {
  const series = seriesOf([
    runOf('a', { steady: 'pass', odd: 'pass', left: 'not-run' }),
    runOf('b', { steady: 'pass', odd: 'fail', left: 'not-run' }),
    runOf('c', { steady: 'pass', odd: 'pass', left: 'not-run' }),
  ]);
  assert.deepEqual(
    series.checks.map(({ id, usual, odd }) => [id, usual, odd.map(({ run }) => run)]),
    [
      ['steady', 'pass', []],
      ['odd', 'pass', ['b']],
    ],
  );
  assert.deepEqual([series.judged, series.falseFails, series.runsWithFails], [6, 1, 1]);
  assert.ok(series.falseFailsUpper > 1 / 6 && series.runsWithFailsUpper > 1 / 3);
  assert.match(renderSeries(series), /odd: 2 pass, 1 fail\n {2}b: fail: reason of fail/);
});

test('should also list a check that always fails, because nothing is broken', () => {
  const series = seriesOf([runOf('a', { bad: 'fail' }), runOf('b', { bad: 'fail' })]);
  assert.equal(series.checks[0]?.odd.length, 2);
});

test('should claim nothing without runs', () => {
  const { falseFailsUpper, runsWithFailsUpper } = seriesOf([]);
  assert.deepEqual([falseFailsUpper, runsWithFailsUpper], [1, 1]);
});

test('should count verdicts separately that a too busy machine explains', () => {
  const shares = (mean: number) => ({ mean, most: mean });
  const measured = (others: number) => ({
    cpu: shares(0.9),
    memory: shares(0),
    io: shares(0),
    spanMs: 60_000,
    others: shares(others),
  });
  const runWith = (id: string, verdict: Verdict, others: number): RepeatedRun => ({
    record: fixtureRecord([fixtureCheck('slow', { verdict, pressure: measured(others) })], { id }),
    pressure: null,
  });
  const series = seriesOf([
    runWith('a', 'pass', 0),
    runWith('b', 'inconclusive', 0.9),
    runWith('c', 'pass', 0),
  ]);
  assert.equal(series.byBusyMachine, 1);
  const text = renderSeries(series);
  assert.match(text, /explained by a machine that was too busy: 1/);
  assert.match(text, /other processes took 90 % of the cores .*: the machine was too busy/);
});
