import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowOf } from '../../suites/catalogue/index.ts';
import { invent } from '../../suites/_testing/histories.ts';
import type { Seen } from '../../suites/_testing/histories.ts';
import { lackedBy, newerIn } from './form.ts';
import type { Answer } from './hold.ts';
import { problemsOf } from './table.ts';
import { refusal } from '../../reports/mutation/take-apart.ts';

const CHECK = 'telemetry/metrics/freshness';
const SEEN = {
  selector: 'up',
  askedMs: 1,
  example: 'up',
  lastMs: [1],
  goneMs: null,
  everyMs: [5000],
};
const lacked = (fields: object, goals: object = { maxScrapesOld: 2 }): string[] =>
  lackedBy(invent({ check: CHECK, goals: { ...goals }, seen: [['series-seen', { ...fields }]] }), {
    ...rowOf(CHECK)?.goals,
  });

test('should miss the goals that every record of a check has by now', () => {
  assert.deepEqual(lacked(SEEN), []);
  assert.deepEqual(lacked(SEEN, {}), ['header.goals.maxScrapesOld']);
});

test('should miss in a scan of logs what was searched', () => {
  const scan = { logs: ['a/p main'], lines: 1, found: [], unread: [], cut: [] };
  const of = (seen: object): string[] =>
    lackedBy(invent({ check: 'integrations/llm-token', seen: [['key-scan', { ...seen }]] }), {});
  assert.deepEqual(of(scan), ['key-scan.containers', 'key-scan.namespaces']);
  assert.deepEqual(of({ ...scan, namespaces: ['a'], containers: 1 }), []);
});

test('should miss where queries come from in objectives that are whole, and nothing of names of objectives', () => {
  const window: Seen = [
    'budget-window',
    { objective: 'api', fromMs: 0, toMs: 1, endMs: 1, scrapeSeconds: 5 },
  ];
  const of = (objectives: unknown[], seen = [window]): string[] =>
    lackedBy(invent({ check: 'performance/budget', settings: { objectives }, seen }), {});
  assert.deepEqual(of([{ name: 'api' }]), ['header.settings.objectives[].stated']);
  assert.deepEqual(of([{ name: 'api', stated: 'env/objectives' }]), []);
  assert.deepEqual(of(['api']), []);
  assert.deepEqual(of([{ name: 'api' }], []), [], 'nothing was read from metrics');
});

test('should not miss what not every record has', () => {
  const seen = { store: 'postgres', member: 'pg-0', name: 'fsync', value: 'on', source: 's' };
  const history = invent({ check: 'topology/storage/durability', seen: [['setting', seen]] });
  assert.deepEqual(lackedBy(history, {}), []);
});

test('should end the mutation tests of a stored history that is of an older form', () => {
  const answer = (lacks: string[]): Answer => ({ ...refusal(null), check: CHECK, lacks, tookMs: 1 });
  const problems = (lacks: string[]): string[] =>
    problemsOf({ answers: [answer(lacks)], missing: [], folder: import.meta.dirname });
  assert.deepEqual(problems([]), []);
  assert.match(problems(['series-seen.samples']).join(), /of an older form, without series-seen\.samples: /);
});

test('should find what a run has recorded and a stored history lacks', () => {
  const file = (...lines: object[]) => [
    {
      trial: 'trial-01',
      name: 'check.ndjson',
      text: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    },
  ];
  const before = file({ kind: 'a', t: 1, one: 1 }, { kind: 'a', t: 2, one: 1, three: 1 });
  const now = file(
    { kind: 'a', t: 1, one: 1, two: 1, three: 1, some: 1 },
    { kind: 'a', t: 2, one: 1, two: 1, three: 1 },
    { kind: 'b', t: 3 },
  );
  assert.deepEqual(newerIn(now, before), ['a.two', 'b']);
  assert.deepEqual(newerIn(before, now), []);
});

test('should pass over a line that is cut', () => {
  const file = (text: string) => [{ trial: 'trial-01', name: 'check.ndjson', text }];
  const whole = '{"kind":"a","t":1,"one":1}\n';
  const run = file(`${whole}{"kind":"b","t":2}\n{"kind":"c","t`);
  assert.deepEqual(newerIn(run, file(whole)), ['b']);
  assert.deepEqual(newerIn(file(whole), run), []);
});
