import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunRecord } from '../record/run-record.ts';
import { fixtureGoal } from './_testing/fixture-load.ts';
import { fixtureTrial } from './_testing/fixture-trial.ts';
import { acceptedRun } from '../_testing/accepted.ts';
import { fixtureCheck, fixtureFailover, fixtureRecord } from './_testing/fixture.ts';
import { MAX_LINES, renderTerminal } from './terminal.ts';

describe('what limits a verdict, in the terminal', () => {
  it('should be wrapped and never cut, whatever the width', () => {
    const record = fixtureRecord([fixtureCheck('topology/nodes/pools')]);
    for (const width of [40, 80, 100]) {
      const lines = renderTerminal(record, { reportPath: 'r', width }).split('\n');
      const from = lines.indexOf('Before you rely on this verdict');
      const box = lines.slice(from + 1, lines.indexOf('', from));
      assert.doesNotMatch(box.join('\n'), /…/);
      assert.ok(box.every((line) => line.length <= width));
      if (width < 80) continue;
      const text = box.map((line) => line.trim()).join(' ');
      assert.match(text, /a loss of power with unsynced pages cannot be tested on them\. The durability/);
    }
  });

  it('should come to an end on a terminal of no width', () => {
    assert.match(renderTerminal(acceptedRun('met'), { reportPath: 'r', width: 0 }), /Before you rely/);
  });

  it('should count those for which there is no room', () => {
    const notes = Array.from({ length: 60 }, (_, i) => `note ${i} ${'long '.repeat(40)}`);
    const record = fixtureRecord(acceptedRun('met').checks, { notes });
    const lines = renderTerminal(record, { reportPath: 'r' }).trimEnd().split('\n');
    assert.ok(lines.length <= MAX_LINES);
    assert.ok(lines.some((line) => /and \d+ more in the report/.test(line)));
  });
});

describe('the summary in the terminal', () => {
  it('should have at most 40 lines where every part has more than its share', () => {
    const suites = Array.from({ length: 12 }, (_, at) => `suite-${at}`);
    const failing = suites.flatMap((suite) => [
      fixtureCheck(`${suite}/a/b`, { verdict: 'fail', reason: 'broken' }),
      fixtureCheck(`${suite}/c/d`, { verdict: 'not-run', reason: `not of ${suite}`, required: false }),
    ]);
    const failovers = Array.from({ length: 7 }, (_, at) =>
      fixtureFailover(`fault-${at}`, [fixtureTrial({ fault: `fault-${at}` })]),
    );
    const goals = Array.from({ length: 7 }, (_, at) => fixtureGoal({ objective: `goal ${at}` }));
    const checks = [...failing, ...failovers, fixtureCheck('suite-0/goals/x', { goals })];
    for (const notes of [[], Array.from({ length: 9 }, (_, at) => `note ${at}`)]) {
      const lines = renderTerminal(fixtureRecord(checks, { notes }), { reportPath: 'r' })
        .trimEnd()
        .split('\n');
      assert.ok(lines.length <= MAX_LINES, `${lines.length} lines`);
      assert.ok(lines.includes('Needs attention') && lines.includes('Before you rely on this verdict'));
    }
  });
});

describe('figures of a failover, in the terminal', () => {
  it('should be said in full, wrapped, where the line is too long', () => {
    const failover = fixtureFailover('pod-crash', [fixtureTrial({ fault: 'pod-crash' })]);
    const lines = renderTerminal(fixtureRecord([failover]), { reportPath: 'r', width: 60 }).split('\n');
    assert.ok(lines.every((line) => line.length <= 60));
    const text = lines.map((line) => line.trim()).join(' ');
    assert.match(text, /pod-crash: RTO .*, another leader in 1 of 1 trial/);
  });
});

describe('what needs attention, in the terminal', () => {
  const reason = (at: number): string => `reason ${at} ${'is long '.repeat(30)}to its end ${at}`;
  const failing = (count: number): RunRecord =>
    fixtureRecord(
      Array.from({ length: count }, (_, at) =>
        fixtureCheck(`topology/check-${at}`, { verdict: 'fail', reason: reason(at) }),
      ),
      { notes: [] },
    );

  it('should be said in full, wrapped, where there is room', () => {
    const lines = renderTerminal(failing(2), { reportPath: 'r', width: 80 }).split('\n');
    const from = lines.indexOf('Needs attention');
    const box = lines.slice(from + 1, lines.indexOf('', from));
    assert.ok(box.every((line) => line.length <= 80));
    const text = box.map((line) => line.trim()).join(' ');
    for (const at of [0, 1]) assert.ok(text.includes(`fail topology/check-${at}: ${reason(at)}`), text);
    assert.doesNotMatch(text, /…/);
  });

  it('should be cut where there is none, the last ones first', () => {
    const lines = renderTerminal(failing(12), { reportPath: 'r', width: 80 }).trimEnd().split('\n');
    assert.ok(lines.length <= MAX_LINES, String(lines.length));
    const text = lines.join('\n');
    assert.match(text, /to its end 0/);
    assert.match(text, /check-9: reason 9 .*…/);
    assert.match(text, / {2}and 2 more in the report/);
  });
});
