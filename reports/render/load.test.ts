import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunRecord } from '../record/run-record.ts';
import { acceptedRun } from '../_testing/accepted.ts';
import { fixtureCheck, fixtureRecord } from './_testing/fixture.ts';
import { fixtureGoal, fixtureLoad } from './_testing/fixture-load.ts';
import { budgetText } from './goals.ts';
import { renderHtml } from './html.ts';
import { MAX_PAGE_BYTES } from './html/limits.ts';

describe('the table of goals', () => {
  it('should say overspent only where it is certain, and days where the window is long', () => {
    assert.equal(
      budgetText(fixtureGoal({ verdict: 'fail', remaining: { best: -0.1, worst: -0.4 } })),
      '-40 to -10 %',
    );
    const open = {
      verdict: 'inconclusive',
      window: '30 d',
      coverage: 0.98,
      remaining: { best: 0.2, worst: -0.4 },
    } as const;
    const days = budgetText(fixtureGoal({ ...open, observedMs: 29.5 * 86_400_000 }));
    assert.equal(days, 'not known: 29.5 d of 30 d are in Prometheus');
    // A load of which some requests are not known.
    const load = budgetText(fixtureGoal({ verdict: 'inconclusive', remaining: { best: 0.2, worst: -0.4 } }));
    assert.equal(load, '-40 to 20 %');
    const few = { verdict: 'inconclusive', remaining: { best: 1, worst: 1 } } as const;
    assert.equal(budgetText(fixtureGoal(few)), '100 %');
    const cell = (best: number): string => {
      const goal = fixtureGoal({ verdict: 'fail', remaining: { best, worst: -0.4 } });
      return renderHtml(fixtureRecord([fixtureCheck('performance/budget', { goals: [goal] })]));
    };
    assert.match(cell(-0.1), /alarm"[^>]*>-40 to -10 % \(overspent\)/);
    assert.doesNotMatch(cell(0.1), /\(overspent\)/);
  });

  it('should not round a coverage up to the whole', () => {
    const almost = fixtureGoal({ coverage: 0.99999 });
    const check = fixtureCheck('performance/budget', { goals: [almost] });
    assert.doesNotMatch(renderHtml(fixtureRecord([check])), /100 %/);
  });
});

describe('the charts of a load', () => {
  it('should hold its lines within the chart, whatever the values', () => {
    for (const value of [0, 1e-9, 1, 1e9]) {
      const load = fixtureLoad({
        p99Ms: [value],
        p50Ms: [null],
        started: [value],
        offered: [null],
        errorsPerSecond: [value],
        requestsPerSecond: [1],
        heat: { lowestMs: 1, ratio: 2, rows: 4, cells: [] },
      });
      const drawn = renderHtml(fixtureRecord([fixtureCheck('performance/api/latency', { load })]));
      assert.doesNotMatch(drawn, /NaN|Infinity/, String(value));
    }
  });
});

describe('the latencies of a load', () => {
  it('should have a cell for a single request beside very many', () => {
    const load = fixtureLoad();
    load.heat.cells = [
      [3, 30, 1],
      [4, 5, 100_000],
    ];
    const drawn = renderHtml(fixtureRecord([fixtureCheck('performance/api/latency', { load })]));
    assert.equal(drawn.match(/class="h-0"/g)?.length, 1);
  });
});

describe('a page of loads', () => {
  it('should escape what a script or a script’s name holds', () => {
    const text = '"><img src=x onerror=alert(1)>';
    const load = fixtureLoad({ script: text, engine: text, startedAt: text });
    const goals = [
      fixtureGoal({ objective: text, target: text, note: text, unit: text, window: text, sampleKind: text }),
    ];
    const { scaling } = acceptedRun('not-met').checks.find(({ id }) => id === 'scaling/backend/up') ?? {};
    assert.ok(scaling);
    const named = {
      ...scaling,
      target: text,
      derivation: text,
      marks: scaling.marks.map((mark) => ({ ...mark, name: text })),
      windows: [{ name: text, fromMs: 0, toMs: 9 }],
    };
    const check = fixtureCheck('scaling/backend/up', { load, goals, scaling: named });
    assert.doesNotMatch(renderHtml(fixtureRecord([check])), /<img/);
  });

  it('should stay within 2 MB with the densest loads in every check', () => {
    const cells = Array.from({ length: 240 * 40 }, (_, index): [number, number, number] => [
      index % 240,
      Math.floor(index / 240),
      10 ** ((index * 7) % 5),
    ]);
    const dense = (id: number): RunRecord['checks'][number] =>
      fixtureCheck(`performance/api/${id}`, {
        load: fixtureLoad({
          started: Array.from({ length: 240 }, () => 1),
          heat: { lowestMs: 1, ratio: 1.33, rows: 40, cells },
        }),
      });
    const large = renderHtml(fixtureRecord(Array.from({ length: 30 }, (_, id) => dense(id))));
    assert.ok(Buffer.byteLength(large) <= MAX_PAGE_BYTES, String(Buffer.byteLength(large)));
  });
});
