import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeOf } from '../../../suites/_testing/judges.ts';
import { Findings } from './findings.ts';
import { catalogue } from '../../../suites/catalogue/index.ts';
import { invent, judge } from '../../../suites/_testing/histories.ts';
import type { Seen } from '../../../suites/_testing/histories.ts';
import { LEASE_GOALS, leases } from '../../../suites/topology/_testing/leases.ts';

const LABELS = { pool: 'general' };
const POOL = { name: 'general', count: { min: 1, max: 1 }, labels: LABELS, taints: [] };
const NODE = { name: 'a', labels: LABELS, taints: [], ready: true, unschedulable: false, pressure: [] };
const LIST: Seen = ['nodes', { names: ['a'] }];
const SICK = { ...NODE, ready: false };
const check = 'topology/nodes/pools';

test('should be inconclusive with nothing to judge, for every topology check', () => {
  for (const { id } of catalogue().filter(({ id, built }) => built && id.startsWith('topology/'))) {
    assert.equal(judge({ check: id, seen: [] }).verdict, 'inconclusive', id);
  }
});

test('should be inconclusive when a source did not answer, naming it and why', () => {
  const judgement = judge({
    check,
    settings: { pools: [POOL] },
    seen: [['unavailable', { what: 'v1/Node', reason: 'forbidden: no' }]],
  });
  assert.equal(judgement.verdict, 'inconclusive');
  assert.match(judgement.reason, /v1\/Node unavailable: forbidden: no/);
});

test('should be inconclusive, not fail, when a declared thing is missing from a cut observation', () => {
  const judgement = judge({ check, settings: { pools: [POOL] }, seen: [], cut: true });
  assert.equal(judgement.verdict, 'inconclusive');
  assert.match(judgement.reason, /cut off/);
});

test('should fail when a declared thing is missing from a complete observation', () => {
  assert.equal(judge({ check, settings: { pools: [POOL] }, seen: [] }).verdict, 'fail');
});

test('should fail on a deviation that was seen, whatever else is missing', () => {
  const seen: [string, Record<string, unknown>][] = [
    ['node', SICK],
    ['unavailable', { what: 'v1/Pod', reason: 'timeout' }],
  ];
  assert.equal(judge({ check, settings: { pools: [POOL] }, seen, cut: true }).verdict, 'fail');
});

test('should keep 50 deviations and count them all', () => {
  const findings = new Findings(invent({ check, seen: [] }));
  for (let i = 0; i < 120; i++) findings.expect(`thing ${i}`, false, 'good', 'bad');
  findings.expect('the last', true, 'good', 'good');
  const judgement = findings.conclude('all good');
  assert.equal(judgement.findings.length, 50);
  assert.equal(judgement.findingsTotal, 120);
  assert.match(
    judgement.reason,
    /^120 of 121: thing 0, thing 1, thing 2, thing 3, and 116 more: expected good, seen bad$/,
  );
  assert.match(judgement.seen, /^1 of 121 as declared/);
});

test('should name several that deviate, by the object of which they are, and say of one what it is', () => {
  const judgement = (...subjects: string[]) => {
    const findings = new Findings(invent({ check, seen: [] }));
    for (const subject of subjects)
      findings.expect(subject, false, `a ${subject.split(' ')[0] ?? ''}`, 'none');
    findings.expect('another', true, 'good', 'good');
    return findings.conclude('all good');
  };
  assert.equal(judgement('liveness of A').reason, 'liveness of A: expected a liveness, seen none');
  const several = judgement('liveness of A', 'readiness of A', 'liveness of B');
  const text = 'liveness and readiness of A, liveness of B; the first: expected a liveness, seen none';
  assert.equal(several.reason, `3 of 4: ${text}`);
  assert.equal(several.rules?.[0]?.text, `3 of 4: ${text}`);
  assert.equal(judgement('x of A', 'x of B').reason, '2 of 3: x of A, of B: expected a x, seen none');
});

test('should say of one thing that it is as declared, and of several how many', () => {
  const reasonOf = (things: number): string => {
    const findings = new Findings(invent({ check, seen: [] }));
    for (let n = 1; n <= things; n++) findings.expect(`thing ${n}`, true, 'good', 'good');
    return findings.conclude('all good').reason;
  };
  assert.equal(reasonOf(1), 'as declared');
  assert.equal(reasonOf(2), 'all 2 as declared');
});

test('should name in a pass what nobody could look at', () => {
  const concluded = (ok: boolean) => {
    const findings = new Findings(invent({ check, seen: [] }));
    findings.expect('a thing', ok, 'good', ok ? 'good' : 'bad');
    findings.except('another thing');
    return findings.conclude('all good');
  };
  assert.equal(concluded(true).reason, 'as declared; not judged: another thing');
  assert.equal(concluded(false).reason, 'a thing: expected good, seen bad');
});

test('should let the worst of several trials speak', () => {
  const over = judgeOf(check) ?? assert.fail(check);
  const trial = (number: number, node: typeof NODE) => {
    const timed = { ...node, t: 1_000.5 * number };
    const seen: Seen[] = [LIST, ['node', timed], ...leases([NODE.name])];
    const history = invent({ check, goals: LEASE_GOALS, settings: { pools: [POOL] }, seen });
    return { ...history, header: { ...history.header, trial: number } };
  };
  const [first, second] = [trial(1, NODE), trial(2, NODE)];
  assert.equal(over([first, second]).verdict, 'pass');
  assert.equal(over([first, trial(3, SICK), second]).verdict, 'fail');
  assert.throws(() => over([]), /at least one history/);
});

test('should give the same judgement for the same history', () => {
  const history = invent({ check, settings: { pools: [POOL] }, seen: [LIST, ['node', SICK]] });
  assert.deepEqual(judgeOf(check)?.([history]), judgeOf(check)?.([history]));
});

test('should not take lines for what was to be recorded that are missing, doubled or of something else', () => {
  const reasonOf = (wanted: string[], recorded: string[]): string => {
    const findings = new Findings(invent({ check, seen: [] }));
    findings.expect('a thing', true, 'good', 'good');
    findings.eachOnce('things', wanted, recorded);
    return findings.conclude('all good').reason;
  };
  assert.equal(reasonOf(['a', 'b'], ['b', 'a']), 'as declared');
  assert.match(reasonOf(['a', 'b'], ['a']), /record of things: expected one of each of 2, seen none of b/);
  assert.match(reasonOf(['a'], ['a', 'a']), /more than one of a/);
  assert.match(reasonOf(['a'], ['a', 'c']), /one of c/);
});

test('should say of each declared subject that its line is missing or doubled, and of a line that nobody declared it', () => {
  const reasonOf = (lines: string[], missing: 'fail' | 'unknown', strange: 'fail' | 'ignore'): string => {
    const findings = new Findings(invent({ check, seen: [] })).rule('lines');
    const held = { key: (line: string) => line, what: 'line', expected: 'a line', missing, strange };
    findings.each(
      ['a', 'b'].map((name) => [name, name]),
      lines,
      held,
      (name) => findings.rule('judged').expect(name, true, 'good', 'good'),
    );
    const { verdict, reason, rules } = findings.conclude('all good');
    if (verdict !== 'pass') assert.equal(rules?.find(({ id }) => id === 'lines')?.verdict, verdict);
    return `${verdict}: ${reason}`;
  };
  assert.equal(reasonOf(['b', 'a'], 'fail', 'fail'), 'pass: all 2 as declared');
  assert.equal(reasonOf(['a'], 'fail', 'fail'), 'fail: line of b: expected a line, seen not there');
  assert.match(reasonOf(['a'], 'unknown', 'fail'), /^inconclusive: .*line of b: .*it was not recorded/);
  assert.match(reasonOf(['a', 'b', 'a'], 'fail', 'fail'), /^inconclusive: .*line of a: .*recorded 2 times/);
  assert.match(reasonOf(['a', 'b', 'c'], 'fail', 'fail'), /^fail: line of c: expected nothing undeclared/);
  assert.equal(reasonOf(['a', 'b', 'c'], 'fail', 'ignore'), 'pass: all 2 as declared');
});

test('should be inconclusive about a goal that the header does not name', () => {
  const findings = new Findings(invent({ check, seen: [] }));
  findings.expect('a thing', true, 'good', 'good');
  assert.ok(Number.isNaN(findings.goal('minDays')));
  assert.match(findings.conclude('all good').reason, /goal minDays/);
});

test('should call a rule one of time only where nothing else of it failed', () => {
  const ruleOf = (tell: (findings: Findings) => void) => {
    const findings = new Findings(invent({ check, seen: [] })).rule('arrival');
    tell(findings);
    return findings.conclude('all').rules?.find(({ id }) => id === 'arrival');
  };
  const late = (findings: Findings) => findings.inTime('a line', false, 'within 5 s', 'after 9 s');
  const lost = (findings: Findings) => findings.expect('a line', false, 'there', 'not there');
  assert.deepEqual([ruleOf(late)?.verdict, ruleOf(late)?.ofTime], ['fail', true]);
  assert.equal(ruleOf((findings) => [late, lost].forEach((tell) => tell(findings)))?.ofTime, undefined);
  const met = ruleOf((findings) => findings.inTime('a line', true, 'within 5 s', 'after 2 s'));
  assert.deepEqual([met?.verdict, met?.ofTime], ['pass', undefined]);
});
