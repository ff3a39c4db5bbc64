import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckJudge } from '../judge/definition.ts';
import { judgeOver } from '../judge/definition.ts';
import { need } from '../judge/evidence/need.ts';
import { all, last } from '../judge/observed.ts';
import { invent } from '../../suites/_testing/histories.ts';
import type { Seen } from '../../suites/_testing/histories.ts';
import type { History } from '../record/history/history.ts';
import type { Judgement } from '../record/judgement.ts';
import { annotationOf, takeApart } from './take-apart.ts';
import type { Result } from './take-apart.ts';

/** Kinds that have a schema whatever suites exist. The rules of every trial are left out: only the judges below are tested. */
const BEFORE = 'leader, 2 replicas';
const SEEN: Seen[] = [
  ['steady-after', { ok: true, detail: 'all there' }],
  [
    'as-before',
    {
      ok: true,
      waitedMs: 5,
      objects: 3,
      differences: [],
      roles: [
        { store: 'postgres', before: BEFORE, after: BEFORE },
        { store: 'redis', before: 'one', after: 'one' },
      ],
    },
  ],
];
const STORES = ['postgres', 'redis'];

function passed(verdict: Judgement['verdict']): Judgement {
  return {
    verdict,
    reason: verdict,
    expected: '',
    seen: '',
    figures: [],
    findings: [],
    findingsTotal: 0,
    evidence: [],
  };
}

/** Reads everything of these kinds but what is annotated. */
function thorough({ header, observations, ...history }: History): Judgement {
  const whole = { header, observations, ...history };
  const seen = last(whole, 'as-before');
  const steady = all(whole, 'steady-after');
  const end = last(whole, 'end');
  const stores = Object.keys(header.settings.stores ?? {});
  if (seen === undefined || end === undefined) return passed('inconclusive');
  const isGood = [
    seen.ok,
    steady.length === 1 && steady[0]?.ok === true,
    seen.objects === 3 && seen.waitedMs === 5,
    seen.roles.length === stores.length,
    stores.every((store) => seen.roles.some((role) => role.store === store)),
    seen.roles.every((role) => (role.store === 'postgres') === (role.before === BEFORE)),
    seen.roles.every((role) => role.before === role.after),
    // Reads the time of `end` too, or a mutant that moves it would survive.
    Math.abs(end.t - seen.t) < 1000,
  ].every(Boolean);
  return passed(isGood ? 'pass' : 'inconclusive');
}

const EVIDENCE: CheckJudge['evidence'] = () => [
  need('as-before', { subjects: ['true'], of: (seen) => String(seen.ok) }),
];

function held(judge: CheckJudge['judge'], more: Partial<CheckJudge> = {}): Result {
  const annotations = more.annotations ?? { 'steady-after.detail': 'words' };
  const of: CheckJudge = { judge, evidence: EVIDENCE, annotations, ...more };
  const history = invent({
    check: 'topology/workloads/roles',
    seen: SEEN,
    settings: { stores: { postgres: { members: 3 }, redis: { members: 3 } } },
  });
  const files = new Map(history.observations.map((seen) => [seen, 'check.ndjson']));
  return takeApart(
    { check: 'a/check', trials: [{ history, files }], judge: judgeOver(of), annotations },
    { seed: 1, isOver: () => false, choices: true },
  );
}

const sorts = ({ survivors }: Result): string[] =>
  [...new Set(survivors.map(({ path, operator }) => `${path}: ${operator}`))].toSorted();

test('should find nothing that still passes where everything is read', () => {
  const result = held(thorough);
  assert.equal(result.refused, null);
  assert.deepEqual(sorts(result), []);
  assert.ok(result.mutants > 30, String(result.mutants));
  assert.equal(result.caught, result.mutants);
  assert.deepEqual([result.fields, result.annotated], [8, 1]);
});

test('should name what is not read, by its field and how it was bent', () => {
  const ignorant = held((history) => {
    const { roles, objects } = last(history, 'as-before') ?? { roles: [], objects: 0 };
    return passed(objects === 3 && roles.length === 2 ? 'pass' : 'fail');
  });
  const found = sorts(ignorant);
  assert.ok(found.includes('as-before.waitedMs: number × 10'), found.join('\n'));
  assert.ok(found.includes('as-before.roles[].store: names exchanged'));
  assert.ok(!found.some((sort) => sort.startsWith('as-before.objects')));
});

test('should leave annotated fields alone, and name annotations that nothing needs or nobody has', () => {
  const annotations = {
    'steady-after.detail': 'words',
    'as-before.waitedMs': 'how long it took',
    'as-before.nothing': 'no such field',
  };
  const result = held(thorough, { annotations });
  assert.deepEqual(result.unneeded, ['as-before.waitedMs']);
  assert.deepEqual(result.unknown, ['as-before.nothing']);
  assert.equal(result.annotated, 2);
});

test('should catch a judge that does without the declared stores', () => {
  const result = held((history) => {
    const judgement = thorough(history);
    const roles = last(history, 'as-before')?.roles ?? [];
    return judgement.verdict === 'pass' || roles.length < STORES.length ? passed('pass') : judgement;
  });
  const found = sorts(result);
  assert.ok(found.includes('as-before.roles: list emptied'), found.join('\n'));
  assert.ok(found.includes('as-before: subject dropped'));
});

test('should refuse a history that does not pass as it is', () => {
  assert.equal(held(() => passed('fail')).refused, 'fail: fail');
});

test('should draw the same mutants from the same seed', () => {
  const never = (): Judgement => passed('pass');
  assert.deepEqual(held(never), held(never));
});

test('should know what an annotation covers', () => {
  const annotations = { 'a.list': 'all of it', 'b.x.y': 'one', write: 'all' };
  assert.equal(annotationOf(annotations, 'a.list[].field'), 'a.list');
  assert.equal(annotationOf(annotations, 'a.list[]'), 'a.list');
  assert.equal(annotationOf(annotations, 'a.listed'), null);
  assert.equal(annotationOf(annotations, 'b.x'), null);
  assert.equal(annotationOf(annotations, 'b.x.y'), 'b.x.y');
  assert.equal(annotationOf(annotations, 'write.doneMs'), 'write');
});

test('should take annotations of single lines, and count each as a field', () => {
  const ignorant = (history: History): Judgement =>
    passed(all(history, 'steady-after').length > 0 && last(history, 'end') !== undefined ? 'pass' : 'fail');
  const followed = { 'as-before[]': 'one of many', 'as-before': 'and the rest' };
  const result = held(ignorant, { annotations: followed });
  assert.deepEqual(result.unknown, []);
  assert.equal(result.fields, 9);
  assert.ok(!sorts(result).some((sort) => sort.startsWith('as-before')));
  assert.ok(sorts(held(ignorant, { evidence: () => [] })).includes('as-before[]: line dropped'));
});
