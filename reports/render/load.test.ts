import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { renderAll, renderFormat } from '../index.ts';
import { runRecordSchema } from '../record/run-record.ts';
import type { RunRecord } from '../record/run-record.ts';
import { runSchemaText } from '../record/run-schema.ts';
import { fixtureCheck, fixtureRecord, metRecord } from './_testing/fixture.ts';
import { fixtureGoal, fixtureLoad, loadRecord } from './_testing/fixture-load.ts';
import { budgetText } from './goals.ts';
import { renderHtml } from './html.ts';
import { renderMarkdown } from './markdown.ts';
import { renderOpenMetrics } from './openmetrics.ts';
import { renderTerminal } from './terminal.ts';
import { MAX_PAGE_BYTES } from './html/limits.ts';

const record = loadRecord();
const page = renderHtml(record);
const part = (from: string, to: string, of = page): string => of.slice(of.indexOf(from), of.indexOf(to));

describe('a run with loads and goals', () => {
  it('should be a record of the published schema', () => {
    assert.deepEqual(runRecordSchema.parse(record), record);
    const validate = new Ajv2020({ strict: false }).compile(JSON.parse(runSchemaText()) as object);
    assert.ok(validate(JSON.parse(JSON.stringify(record))), JSON.stringify(validate.errors));
  });

  it('should make every report, the same each time', async () => {
    assert.deepEqual(await renderAll(record), await renderAll(loadRecord()));
  });

  it('should show nothing of loads where there are none', () => {
    const plain = renderHtml(metRecord());
    assert.doesNotMatch(plain, /id="goals"|class="load"|class="l-line"/);
  });
});

describe('the table of goals', () => {
  const table = part('<section id="goals"', '<main');

  it('should list the worst remaining budget first, those without a budget last', () => {
    const order = [
      'API requests',
      'API latency, p95',
      'API availability',
      '>API latency</a',
      'API throughput',
    ];
    const places = order.map((text) => table.indexOf(text));
    assert.ok(
      places.every((place, index) => place > (places[index - 1] ?? -1)),
      places.join(' '),
    );
    assert.match(table, /2 of 5 met/);
  });

  it('should show bounds, sample, coverage and what is left, overspent in words', () => {
    for (const text of [
      '99.91 – 99.98 %',
      '17,190 <small>requests</small>',
      '1,204,118 <small>events</small>',
      '99.9 %',
      'none: 2.5 to 2.8 times spent',
      'not known: 83 % of the load is in Prometheus',
      'not measured',
      'too few samples',
    ])
      assert.ok(table.includes(text), text);
    assert.match(table, /href="#check-performance\.budget"/);
  });

  it('should say of a window that was hardly observed what was seen, and of its budget that it is not known', async () => {
    const goal = fixtureGoal({
      objective: 'requests',
      target: '99.9 % of events',
      verdict: 'inconclusive',
      window: '30 d',
      achieved: 100,
      lower: 0.0285,
      upper: 100,
      samples: 3130,
      sampleKind: 'events',
      coverage: 0.000285,
      observedMs: 738_000,
      remaining: { best: 1, worst: -998.7 },
    });
    const record = fixtureRecord([
      fixtureCheck('performance/budget', { goals: [goal], verdict: 'inconclusive' }),
    ]);
    const page = part('<section id="goals"', '<main', renderHtml(record));
    for (const text of [
      '100 %<span class="g-note">of what was seen</span>',
      '0.0285 – 100 %',
      '3,130 <small>events seen</small>',
      '&lt; 0.1 %',
      'not known: 12 min 18 s of 30 d are in Prometheus',
    ])
      assert.ok(page.includes(text), text);
    assert.doesNotMatch(page, /\(overspent\)|alarm/);
    const said = /100 % of what was seen .*not known: 12 min 18 s of 30 d are in Prometheus/;
    assert.match(renderTerminal(record, { reportPath: 'r', width: 200 }), said);
    assert.match(await renderFormat(record, 'markdown'), said);
  });

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

describe('goals in text', () => {
  it('should be counted and listed, least budget left first', () => {
    const markdown = renderMarkdown(record);
    assert.match(markdown, /### Goals: 2 of 5 met/);
    assert.match(markdown, /\| ❌ fail \| API requests \|.*\| none: 2\.5 to 2\.8 times spent \|/);
    const lines = renderTerminal(record, { reportPath: 'report.html' }).split('\n');
    const at = lines.findIndex((line) => /^goals +2 of 5 met$/.test(line));
    assert.ok(at >= 0, lines.join('\n'));
    assert.match(lines[at + 1] ?? '', /✗ API requests: .*budget left none: 2\.5 to 2\.8 times spent/);
  });

  it('should have a series each, and none for a budget that there is not', async () => {
    const metrics = await renderOpenMetrics(record);
    const left = /plumbline_goal_error_budget_remaining_ratio\{.*objective="API requests"\} (-1\.8)/;
    assert.match(metrics, left);
    assert.equal(metrics.match(/plumbline_goal_verdict\{.*verdict="fail"\}/g)?.length, 5);
    assert.doesNotMatch(metrics, /budget_remaining_ratio\{.*objective="API throughput"/);
  });
});

describe('the charts of a load', () => {
  const scaling = part('id="check-scaling.backend.up"', 'id="passed"');

  it('should draw offered load, pods, latency and errors on one axis, with the fault shaded', () => {
    const [chart = ''] = scaling.split('The load</h4>');
    for (const text of [
      '>offered load</text',
      '>pods</text',
      '>latency</text',
      '>errors</text',
      '>p99</text',
      '>ready</text',
      '>desired</text',
    ])
      assert.ok(chart.replace(/\s+</g, '<').includes(text), text);
    assert.equal(chart.match(/class="s-window"/g)?.length, 1);
    assert.match(chart, /<title>pod-crash of tender-api<\/title>/);
    assert.match(chart, /more pods desired 52\.40 s/);
  });

  it('should tell in words what it shows, and can be scrolled to by keyboard', () => {
    assert.match(
      scaling,
      /tabindex="0" role="region" aria-label="Scaling of the backend, 2 to 5 pods: metric crossed 21\.00 s/,
    );
    assert.match(scaling, /SLOWER than expected/);
    assert.match(scaling, /latency goal met again<\/td>\s*<td class="n">not seen/);
    assert.match(scaling, /metrics-server resolution 15 s/);
  });

  it('should draw latencies second by second, with a cell for a single request', () => {
    assert.match(scaling, /aria-label="Latency by second, from 1\d ms to/);
    assert.match(scaling, /class="h-4"/);
    assert.match(scaling, /each stronger shade stands for three times/, 'on a dark page they are lighter');
    const lonely = fixtureLoad();
    lonely.heat.cells = [
      [3, 30, 1],
      [4, 5, 100_000],
    ];
    const drawn = renderHtml(fixtureRecord([fixtureCheck('performance/api/latency', { load: lonely })]));
    assert.equal(drawn.match(/class="h-0"/g)?.length, 1);
  });

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

describe('a page of loads', () => {
  it('should escape what a script or a script’s name holds', () => {
    const text = '"><img src=x onerror=alert(1)>';
    const load = fixtureLoad({ script: text, engine: text, startedAt: text });
    const goals = [
      fixtureGoal({ objective: text, target: text, note: text, unit: text, window: text, sampleKind: text }),
    ];
    const [first] = loadRecord().checks;
    const scaling = first?.scaling;
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
    assert.ok(Buffer.byteLength(page) < 400_000, String(Buffer.byteLength(page)));
  });
});
