import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement } from '../../reports/record/judgement.ts';
import { OUTCOMES } from '../../reports/record/history/history.ts';
import type { History } from '../../reports/record/history/history.ts';
import { invent } from '../../suites/_testing/histories.ts';
import { all, changed, ended, headed, TaleError, tell } from './tale.ts';
import type { Tale } from './tale.ts';

const history = invent({
  check: 'topology/nodes/pools',
  seen: [
    ['unavailable', { what: 'a', reason: 'r' }],
    ['unavailable', { what: 'b', reason: 'r' }],
  ],
});
const whats = ({ observations }: History): string[] =>
  observations.map((one) => (one.kind === 'unavailable' ? one.what : one.kind));

test('should change and take out observations, and leave the history that it is given', () => {
  const bent = changed('unavailable', ({ what }, i) => (i === 0 ? { what: `${what}!` } : null));
  assert.deepEqual(whats(bent(history)), ['a!', 'end']);
  const again = changed('unavailable', ({ what }) => ({ what: `${what}?` }));
  assert.deepEqual(whats(all(bent, again)(history)), ['a!?', 'end']);
  assert.deepEqual(whats(history), ['a', 'b', 'end']);
});

test('should refuse what changes nothing, and what is no observation any more', () => {
  const refused = (bend: (of: History) => History): void => assert.throws(() => bend(history), TaleError);
  refused(changed('unavailable', () => ({})));
  refused(changed('evidence', () => ({ text: 't' })));
  refused(changed('unavailable', () => ({ what: 7 as unknown as string })));
  refused(ended('writes', () => 'fail'));
});

test('should change headers and outcomes', () => {
  const bent = headed(({ environment }) => ({ environment: `${environment}-2` }))(history);
  assert.deepEqual([bent.header.environment, history.header.environment], ['invented-2', 'invented']);
  const column = Float64Array.of(1, 2, 3);
  const writes = {
    count: 3,
    n: column,
    intendedMs: column,
    sentMs: column,
    doneMs: column,
    outcome: new Uint8Array(3),
    detail: new Map<number, string>(),
  };
  const { outcome } = ended('writes', ({ intendedMs }) => (intendedMs > 2 ? 'fail' : undefined))({
    ...history,
    writes,
  }).writes;
  assert.deepEqual([...outcome], [0, 0, OUTCOMES.fail]);
});

test('should tell each tale of a check, and say which verdicts and rules are wrong', () => {
  const tale = (more: Partial<Tale>): Tale => ({
    check: 'topology/**',
    says: 'it is told',
    must: 'fail',
    bend: (of) => of,
    ...more,
  });
  const judge = ({ length }: readonly History[]): Judgement => ({
    verdict: 'fail',
    reason: `no node in ${length}`,
    rules: [
      { id: 'pool/size', verdict: 'fail', text: '' },
      { id: 'whole', verdict: 'pass', text: '' },
    ],
    expected: '',
    seen: '',
    figures: [],
    findings: [],
    findingsTotal: 0,
    evidence: [],
  });
  const told = (...tales: Tale[]): ReturnType<typeof tell> =>
    tell(tales, { check: 'topology/nodes/pools', histories: [history], judge });
  assert.deepEqual(told(tale({}), tale({ rule: 'pool' }), tale({ must: ['inconclusive', 'fail'] })), {
    told: 3,
    wrong: [],
  });
  assert.deepEqual(told(tale({ check: 'gpu/**', must: 'pass' })), { told: 0, wrong: [] });
  const { wrong } = told(
    tale({ number: 7, must: 'pass' }),
    tale({ rule: 'whole' }),
    tale({ bend: changed('end', () => ({})) }),
    tale({ must: 'pass', trials: (own) => [...own, ...own] }),
  );
  assert.deepEqual(wrong, [
    'false verdict 7 (it is told): fail, must be pass: no node in 1',
    'tale (it is told): decided by pool/size, not by whole',
    'tale (it is told): TaleError: no end was changed',
    'tale (it is told): fail, must be pass: no node in 2',
  ]);
});
