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
import { takeApart } from './take-apart.ts';
import type { Result } from './take-apart.ts';

/** Kinds that have a schema whatever suites exist. The rules of every trial are left out: only the judges below are tested. */
const BEFORE = 'leader, 2 replicas';
const SEEN: Seen[] = [
  ['steady-after', { ok: true, detail: 'all there' }],
  [
    'as-before',
    {
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

/** Reads these kinds, but for words and what is left out. */
function thorough({ header, observations, ...history }: History): Judgement {
  const whole = { header, observations, ...history };
  const seen = last(whole, 'as-before');
  const steady = all(whole, 'steady-after');
  const end = last(whole, 'end');
  const stores = Object.keys(header.settings.stores ?? {});
  if (seen === undefined || end === undefined) return passed('inconclusive');
  const isGood = [
    steady.length === 1 && steady[0]?.ok === true,
    seen.objects === 3,
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
  need('steady-after', { subjects: ['true'], of: (seen) => String(seen.ok) }),
];

function held(judge: CheckJudge['judge'], more: Partial<CheckJudge> = {}): Result {
  const of: CheckJudge = { judge, evidence: EVIDENCE, ...more };
  const history = invent({
    check: 'topology/workloads/roles',
    seen: SEEN,
    settings: { stores: { postgres: { members: 3 }, redis: { members: 3 } } },
  });
  const files = new Map(history.observations.map((seen) => [seen, 'check.ndjson']));
  return takeApart({ trials: [{ history, files }], judge: judgeOver(of) });
}

/** Changes after which the judge passes all the same. */
const passing = ({ outcomes }: Result): string[] =>
  outcomes
    .filter(({ says }) => says.includes('pass'))
    .map(({ path, operator }) => `${path}: ${operator}`)
    .toSorted();

test('names only what the judge does not read', () => {
  const result = held(thorough);
  assert.equal(result.refused, null);
  assert.deepEqual(passing(result), [
    'as-before.differences: element added',
    'as-before.uncompared: field added',
    'as-before.unseen: field added',
    'steady-after.cannotAsk: field added',
    'steady-after.detail: name replaced',
    'steady-after.leader: field added',
  ]);
  assert.ok(result.mutants > 20, String(result.mutants));
});

test('names what is not read, by its field and how it was bent', () => {
  const ignorant = held((history) => {
    const { roles, objects } = last(history, 'as-before') ?? { roles: [], objects: 0 };
    return passed(objects === 3 && roles.length === 2 ? 'pass' : 'fail');
  });
  const found = passing(ignorant);
  assert.ok(found.includes('as-before.differences: element added'), found.join('\n'));
  assert.ok(!found.includes('steady-after.ok: boolean turned'), 'the evidence wants it true');
  assert.ok(!found.some((sort) => sort.startsWith('as-before.objects')));
});

test('makes dirty what is clean, empty or left out', () => {
  const never = held(() => passed('pass'));
  const operators = new Set(never.outcomes.map(({ operator }) => operator));
  for (const operator of ['element added', 'field added', 'boolean turned', '× 0'])
    assert.ok(operators.has(operator), operator);
});

test('asks for a reason where a judge does without a subject or a kind', () => {
  const result = held((history) => {
    const judgement = thorough(history);
    const roles = last(history, 'as-before')?.roles ?? [];
    return judgement.verdict === 'pass' || roles.length < STORES.length ? passed('pass') : judgement;
  });
  const subject = result.outcomes.find(({ path }) => path === 'subject redis');
  assert.deepEqual(subject, {
    path: 'subject redis',
    operator: 'subject dropped',
    says: ['pass'],
    strict: true,
  });
});

test('says the ids of the rules that decide, and that a judge crashed', () => {
  const crashing = held((history) => {
    if (last(history, 'as-before')?.objects !== 3) throw new Error('no');
    return passed('pass');
  });
  const of = (path: string): string[] =>
    crashing.outcomes.filter((one) => one.path === path).flatMap(({ says }) => says);
  assert.deepEqual(of('end'), ['inconclusive whole/end']);
  assert.ok(of('as-before.objects').includes('crashed'));
});

test('accepts no damaged line that passes', () => {
  const never = takeApart({
    trials: [{ history: invent({ check: 'topology/workloads/roles', seen: SEEN }), files: new Map() }],
    judge: () => passed('pass'),
  });
  assert.deepEqual(never.wrong, ['line damaged: pass, and must always be inconclusive']);
});

test('refuses a history that does not pass as it is', () => {
  assert.equal(held(() => passed('fail')).refused, 'fail: fail');
});
