import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../topology/testing.ts';
import type { Seen } from '../topology/testing.ts';

const question = 'neighbours of q0';
const expected: Seen = ['expected', { leader: 's-0', answers: [{ question, answer: ['7', '3'] }] }];
const answers = (when: string, of: string, answer: string[] | null, sources = ['s-0', 's-1']): Seen => [
  'answers',
  {
    when,
    of,
    detail: answer === null ? 'index_not_found_exception' : '',
    answers:
      answer === null
        ? null
        : (of === 'clients' ? ['clients'] : sources).map((source) => ({ source, question, answer })),
  },
];
const right = ['7', '3'];
const back: Seen = ['steady-after', { ok: true, detail: 'all there' }];
const landed: Seen = ['fault-landed', { by: 'process gone', proof: 'pid 1' }];
const before: Seen[] = [expected, answers('before', 'members', right), answers('before', 'clients', right)];
const query = (...seen: Seen[]) => judge({ check: 'failover/query/vector', settings: {}, seen });

test('should accept the same answers from clients and from every copy', () => {
  const { verdict } = query(
    ...before,
    landed,
    answers('after', 'clients', right),
    back,
    answers('healed', 'members', right),
  );
  assert.equal(verdict, 'pass');
});

test('should fail when something is not found again, and name it', () => {
  const lost = query(...before, landed, answers('after', 'clients', []), answers('healed', 'members', right));
  assert.equal(lost.verdict, 'fail');
  assert.match(lost.reason, /clients, neighbours of q0: 2 of 2 missing \(7, 3\)/);
  const never = query(
    ...before,
    landed,
    answers('after', 'clients', null),
    answers('healed', 'members', right),
  );
  assert.equal(never.verdict, 'fail');
  assert.match(never.reason, /index_not_found_exception/);
  const order = query(
    ...before,
    landed,
    answers('after', 'clients', right),
    answers('healed', 'members', ['3', '7'], ['s-1', 's-2']),
  );
  assert.match(order.reason, /s-1.*in another order: 3, 7/);
});

test('should be inconclusive where nothing could be compared', () => {
  assert.equal(query(expected, answers('before', 'members', ['1']), landed).verdict, 'inconclusive');
  assert.match(
    query(...before, ['fault-missed', { reason: 'no such pod' }], answers('after', 'clients', right)).reason,
    /no such pod/,
  );
  assert.equal(query(...before, landed, answers('after', 'clients', right)).verdict, 'inconclusive');
  assert.equal(query().verdict, 'inconclusive');
});

test('should miss a copy that is gone, and members that are not back', () => {
  const after = answers('after', 'clients', right);
  const fewer = query(...before, landed, after, back, answers('healed', 'members', right, ['s-1']));
  assert.equal(fewer.verdict, 'fail');
  assert.match(fewer.reason, /expected 2, as before, seen 1 answered/);
  const away: Seen = ['steady-after', { ok: false, detail: 's-0 is missing' }];
  const gone = query(...before, landed, after, away, answers('healed', 'members', right));
  assert.equal(gone.verdict, 'fail');
  assert.match(gone.reason, /s-0 is missing/);
  // Histories of before it was recorded.
  assert.equal(query(...before, landed, after, answers('healed', 'members', right)).verdict, 'pass');
});
