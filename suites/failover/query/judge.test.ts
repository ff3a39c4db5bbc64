import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';

const GOALS = { rtoSeconds: 30 };
const question = 'neighbours of q0';
const expected: Seen = ['query-expected', { leader: 's-0', answers: [{ question, answer: ['7', '3'] }] }];
const answers = (when: string, of: string, answer: string[] | null, sources = ['s-0', 's-1']): Seen => [
  'query-answers',
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
const HIT = { uid: 'uid-1', node: 'worker-1' };
const armed: Seen = [
  'fault-armed',
  {
    fault: 'pod-crash',
    target: 's-0',
    members: [{ name: 's-0', ...HIT, found: 'process 1' }],
  },
];
const price: Seen = [
  'budget-estimate',
  {
    from: 'deadline',
    outageMs: 60_000,
    share: 1,
    estimateMs: 60_000,
    derivation: 'rtoDeadline',
    enforced: false,
  },
];
const steady: Seen = ['steady', { ok: true, leader: 's-0', detail: 'all there' }];
const acted: Seen = ['fault-acted', { member: 's-0', did: '2 processes signalled' }];
const roles = [{ store: 'elasticsearch', before: 'master', after: 'master' }];
const asBefore: Seen = ['as-before', { roles, objects: 3, differences: [] }];
const landed: Seen = [
  'fault-landed',
  { t: 1007, by: 'processes gone', proof: 'pid 1 of s-0', hit: [HIT], betweenMs: [1006, 1007] },
];
const before: Seen[] = [expected, answers('before', 'members', right), answers('before', 'clients', right)];
const stores = { elasticsearch: { members: 3, statefulSet: { namespace: 'tender', name: 's' } } };
const query = (...seen: Seen[]) =>
  judge({
    check: 'failover/query/vector',
    goals: GOALS,
    settings: { stores },
    seen: [steady, price, armed, acted, ...seen, asBefore],
  });

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
  assert.match(gone.reason, /not all members were back after the trial: s-0 is missing/);
  const unseen = query(...before, landed, after, answers('healed', 'members', right));
  assert.equal(unseen.verdict, 'inconclusive');
  assert.match(unseen.reason, /nobody checked whether all members were back/);
});

test('should believe nobody who may not answer, and no fault that hit another', () => {
  const seen = [...before, landed, answers('after', 'clients', right), back];
  const healed = (...sources: string[]) => answers('healed', 'members', right, sources);
  assert.equal(query(...seen, healed('s-0', 's-2')).verdict, 'pass');
  assert.equal(query(...seen, healed('s-0', 'worker-1')).verdict, 'inconclusive');
  assert.equal(query(...seen, healed('s-0', 's-1', 's-2')).verdict, 'inconclusive');
  assert.equal(query(...seen, healed('s-1', 's-1')).verdict, 'fail');
  const whole = [...seen, healed('s-0', 's-1')];
  for (const index of whole.keys())
    assert.notEqual(query(...whole.toSpliced(index, 1)).verdict, 'pass', String(whole[index]?.[0]));
  const other = judge({
    check: 'failover/query/vector',
    goals: GOALS,
    settings: { stores },
    seen: [
      steady,
      ['fault-armed', { fault: 'pod-crash', target: 's-1', members: [] }],
      acted,
      ...whole,
      asBefore,
    ],
  });
  assert.equal(other.verdict, 'inconclusive');
  assert.match(other.reason, /hit s-0, which leads that data, seen hit s-1/);
});

test('should believe members that are numbered from another number than 0, and no more of them than are declared', () => {
  const judged = (...sources: string[]) =>
    query(
      expected,
      answers('before', 'members', right, ['s-5', 's-6']),
      answers('before', 'clients', right),
      landed,
      answers('after', 'clients', right),
      back,
      answers('healed', 'members', right, sources),
    );
  const passed = judged('s-6', 's-7');
  assert.equal(passed.verdict, 'pass', passed.reason);
  assert.equal(judged('s-6', 's-8').verdict, 'inconclusive');
});

const PASSING: Seen[] = [
  ...before,
  landed,
  answers('after', 'clients', right),
  back,
  answers('healed', 'members', right),
];

test('should want the fault done as it was armed', () => {
  const bent = (kind: string, change: object): string => {
    const seen = [steady, price, armed, acted, ...PASSING, asBefore].map(([name, fields]): Seen => [
      name,
      name === kind ? { ...fields, ...change } : fields,
    ]);
    return judge({ check: 'failover/query/vector', goals: GOALS, settings: { stores }, seen }).verdict;
  };
  assert.equal(bent('steady', {}), 'pass');
  for (const [kind, change] of [
    ['fault-armed', { members: [] }],
    ['fault-armed', { fault: 'hang' }],
    ['fault-acted', { member: 's-1' }],
  ] as const)
    assert.equal(bent(kind, change), 'inconclusive', `${kind} ${JSON.stringify(change)}`);
});

test('should take no answer that is empty for one, and want every declared copy asked', () => {
  const nothing: Seen = ['query-expected', { leader: 's-0', answers: [{ question, answer: [] }] }];
  const empty = PASSING.map((seen): Seen => (seen[0] === 'query-expected' ? nothing : seen));
  assert.match(query(...empty).reason, /a question whose expected answer is empty/);
  const declared = (replicas: string): string =>
    judge({
      check: 'failover/query/vector',
      goals: GOALS,
      settings: {
        stores: {
          elasticsearch: { ...stores.elasticsearch, durability: { 'index.number_of_replicas': replicas } },
        },
      },
      seen: [steady, price, armed, acted, ...PASSING, asBefore],
    }).reason;
  assert.match(declared('2'), /expected 3 answer, seen 2 answered/);
  assert.doesNotMatch(declared('1'), /answered/);
});
