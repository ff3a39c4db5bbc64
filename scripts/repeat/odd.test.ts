import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixtureCheck, fixtureRecord } from '../../reports/render/fixture.ts';
import type { Verdict } from '../../reports/record/verdict.ts';
import { renderSeries, seriesOf } from './odd.ts';
import type { RepeatedRun } from './odd.ts';
import { sharesOf, stalledUs } from './pressure.ts';

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

test('should call a check that always fails odd as well: nobody broke anything', () => {
  const series = seriesOf([runOf('a', { bad: 'fail' }), runOf('b', { bad: 'fail' })]);
  assert.equal(series.checks[0]?.odd.length, 2);
});

test('should claim nothing of no runs', () => {
  const { falseFailsUpper, runsWithFailsUpper } = seriesOf([]);
  assert.deepEqual([falseFailsUpper, runsWithFailsUpper], [1, 1]);
});

test('should read the time that tasks have waited, and turn looks into shares', () => {
  const text = 'some avg10=45.88 avg60=63.36 avg300=76.91 total=1116243404\nfull avg10=0.00 total=0\n';
  assert.equal(stalledUs(text), 1116243404);
  assert.equal(stalledUs('nothing'), null);
  const at = (atMs: number, cpu: number) => ({ atMs, us: { cpu, memory: 0, io: 0 } });
  const shares = sharesOf([at(0, 0), at(1000, 100_000), at(2000, 900_000)]);
  assert.deepEqual(shares?.cpu, { mean: 0.45, most: 0.8 });
  assert.equal(sharesOf([at(0, 0)]), null);
});
