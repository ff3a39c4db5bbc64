import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';

/** An answer after 400 ms unless said otherwise. */
const draft = (model: string, more: Record<string, unknown> = {}, ms = 400): Seen => [
  'draft',
  {
    t: 20_000,
    sentMs: 19_990 - ms,
    answeredMs: 19_990,
    status: 200,
    model,
    degraded: model !== 'usual',
    written: true,
    error: '',
    ...more,
  },
];
const USUAL = Array.from({ length: 5 }, () => draft('usual'));
const WITHOUT = ['busy', 'broken', 'silent'].map((model) => draft(model));

const CONTRACT = { follow: 'none', proof: 'answers', statuses: { look: [200], draft: [200] } };
const llm = (...seen: Seen[]) =>
  judge({
    check: 'integrations/llm',
    settings: { application: CONTRACT },
    goals: { answerSeconds: 3, degradedSeconds: 10 },
    seen,
  });

describe('integrations/llm', () => {
  it('should pass when drafts come with and without the model', () => {
    const judgement = llm(...USUAL, ...WITHOUT);
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.equal(judgement.figures.find(({ name }) => name === 'slowest draft')?.value, 0.4);
  });

  it('should fail when a draft is late, degraded without need, or an error', () => {
    const cases: [Seen, RegExp][] = [
      [draft('usual', {}, 3100), /a draft by the model after 3\.1 s/],
      [draft('usual', { degraded: true }), /a degraded draft/],
      [draft('usual', { status: 502, written: false }), /status 502/],
      [draft('usual', { status: 502 }), /a draft by the model/],
      [draft('usual', { written: false }), /without a draft/],
      [draft('usual', { status: null, error: 'ECONNRESET' }), /no answer: ECONNRESET/],
    ];
    for (const [one, pattern] of cases) {
      const judgement = llm(one, ...USUAL.slice(1), ...WITHOUT);
      assert.equal(judgement.verdict, 'fail');
      assert.match(judgement.reason, pattern);
    }
  });

  it('should fail when the model is busy and that becomes an error, or a draft as if by the model', () => {
    for (const one of [
      draft('busy', { status: 500 }),
      draft('busy', { degraded: false }),
      draft('busy', {}, 10_001),
    ])
      assert.equal(llm(...USUAL, one, ...WITHOUT.slice(1)).verdict, 'fail');
  });

  it('should not hold against the service that the gateway turned a request away', () => {
    for (const [status, expected] of [
      [401, /refused with 401: the credentials/],
      [403, /refused with 403: the account of the credentials/],
      [429, /refused with 429: a rate limit/],
    ] as const) {
      const one = draft('usual', { status, degraded: null, written: false });
      const judgement = llm(one, ...USUAL.slice(1), ...WITHOUT);
      assert.equal(judgement.verdict, 'inconclusive');
      assert.match(judgement.reason, expected);
    }
  });

  it('should claim nothing of what was not tried', () => {
    const untried: Seen = ['not-tried', { model: 'busy', reason: 'no control is declared' }];
    const open = llm(...USUAL, ...WITHOUT.slice(1), untried);
    assert.equal(open.verdict, 'inconclusive');
    assert.match(open.reason, /the model answers 429.*no control is declared/);
    for (const [index] of USUAL.entries())
      assert.equal(llm(...USUAL.toSpliced(index, 1), ...WITHOUT).verdict, 'inconclusive');
  });

  it('false verdict 13: should never pass without a draft', () => {
    assert.equal(llm().verdict, 'inconclusive');
    const { verdict, rules = [] } = llm(...WITHOUT);
    assert.equal(verdict, 'inconclusive');
    // By its own rule, and by what every pass needs.
    assert.deepEqual(
      rules.flatMap((rule) => (rule.verdict === 'pass' ? [] : [rule.id])),
      ['drafts', 'evidence/draft'],
    );
    const reading = judge({
      check: 'integrations/llm',
      settings: { writes: false },
      seen: [],
      goals: { answerSeconds: 3, degradedSeconds: 10 },
    });
    assert.equal(reading.verdict, 'inconclusive');
  });
});

const LOGS = [
  'tender/tender-ai-6d4b9c7f5-x2b4z ai',
  'tender/redis-0 redis',
  'tender/redis-1 redis',
  'observability/prometheus-7c9d8b6f4-b2c4d prometheus',
];
const NAMESPACES = ['tender', 'edge', 'observability'];
const scan = (
  more: { logs?: string[]; unread?: { log: string; reason: string }[]; [field: string]: unknown } = {},
): Seen => {
  const { logs = LOGS, unread = [] } = more;
  const named = [...logs, ...unread.map(({ log }) => log)].filter(
    (log) => !/^pods of | restart\)$/.test(log),
  );
  const containers = new Set(named).size;
  return [
    'key-scan',
    { namespaces: NAMESPACES, containers, logs, lines: 5200, found: [], unread, cut: [], ...more },
  ];
};
const workload = (kind: string, name: string, count: number, namespace = 'tender') => ({
  kind,
  namespace,
  name,
  replicas: { min: count, max: count },
});
const token = (...seen: Seen[]) => tokenWith({}, ...seen);
const tokenWith = (stores: Record<string, unknown>, ...seen: Seen[]) => tokenOf({ stores }, ...seen);
const tokenOf = (more: Record<string, unknown>, ...seen: Seen[]) =>
  judge({
    check: 'integrations/llm-token',
    settings: {
      namespaces: { platform: 'tender', edge: 'edge' },
      topology: {
        workloads: [
          workload('Deployment', 'tender-ai', 1),
          workload('StatefulSet', 'redis', 2),
          workload('Deployment', 'prometheus', 1, 'observability'),
        ],
      },
      ...more,
    },
    seen,
  });

describe('integrations/llm-token', () => {
  it('should pass when the token is in no log of any declared workload', () => {
    const judgement = token(scan());
    assert.equal(judgement.verdict, 'pass', judgement.reason);
  });

  it('should fail when the token is in a log, and say in which', () => {
    const judgement = token(scan({ found: [{ log: 'tender/x main', lines: 2 }] }));
    assert.equal(judgement.verdict, 'fail');
    assert.match(judgement.reason, /log of tender\/x main.*2 of its lines hold it/);
  });

  it('should claim nothing of what could not be read', () => {
    assert.equal(token().verdict, 'inconclusive');
    assert.equal(token(['key-scan-failed', { reason: 'no Secret' }]).verdict, 'inconclusive');
    assert.equal(token(scan({ unread: [{ log: 'tender/y main', reason: 'gone' }] })).verdict, 'inconclusive');
    assert.equal(token(scan({ logs: [] })).verdict, 'inconclusive');
    assert.equal(token(scan({ lines: 0 })).verdict, 'inconclusive');
    const cut = token(scan({ cut: ['tender/z main'] }));
    assert.equal(cut.verdict, 'inconclusive');
    assert.match(cut.reason, /log of tender\/z main.*only a part of it was read/);
  });

  it('should claim nothing when a declared workload has pods whose logs nobody looked through', () => {
    const sentinel = LOGS.with(2, 'tender/redis-sentinel-0 redis');
    const without = LOGS.map((_, at) => LOGS.toSpliced(at, 1));
    for (const logs of [...without, sentinel])
      assert.equal(token(scan({ logs })).verdict, 'inconclusive', String(logs));
  });

  it('should claim nothing where another container of a pod has a log, and its own has none', () => {
    const containers = LOGS.length + 1;
    const gate = 'observability/logstore-0 gate';
    assert.equal(token(scan({ containers: LOGS.length })).verdict, 'pass');
    assert.equal(token(scan({ containers, logs: [...LOGS, gate] })).verdict, 'pass');
    const one = token(
      scan({ containers: containers + 1, logs: [...LOGS, gate, `${gate} (before its restart)`] }),
    );
    assert.equal(one.verdict, 'inconclusive');
    assert.match(one.reason, /containers that were searched: .*expected 6 logs, seen 5/);
  });

  it('should claim nothing of a namespace in which something is declared and nobody searched', () => {
    for (const [at, left] of NAMESPACES.entries()) {
      const judgement = token(scan({ namespaces: NAMESPACES.toSpliced(at, 1) }));
      assert.equal(judgement.verdict, 'inconclusive');
      assert.match(judgement.reason, new RegExp(`logs in ${left}: .*this namespace was not searched`));
    }
    const idle = workload('Deployment', 'idle', 0, 'models');
    const unsearched = tokenOf({ topology: { workloads: [idle] } }, scan());
    assert.match(unsearched.reason, /logs in models/);
  });

  it('should claim nothing without a log of the AI service, whether or not it is among the workloads', () => {
    const ai = (namespace: string) => ({ ai: { deployment: { namespace, name: 'model-client' } } });
    const searched = { namespaces: [...NAMESPACES, 'models'] };
    const unread = tokenOf(ai('models'), scan(searched));
    assert.equal(unread.verdict, 'inconclusive');
    assert.match(unread.reason, /Deployment models\/model-client.*logs of 1 pods or more/);
    const logs = [...LOGS, 'models/model-client-6d4b9c7f5-x2b4z main'];
    const read = tokenOf(ai('models'), scan({ ...searched, logs }));
    assert.equal(read.verdict, 'pass', read.reason);
    const declared = tokenOf({ ai: { deployment: { namespace: 'tender', name: 'tender-ai' } } }, scan());
    assert.equal(declared.verdict, 'pass', declared.reason);
  });

  it('should miss the server of a store whose pods have other logs, and what runs now where there is only what ran before', () => {
    const stores = (namespace = 'tender') => ({
      redis: { members: 2, container: 'redis', statefulSet: { namespace, name: 'redis' } },
    });
    const logs = [...LOGS.filter((log) => !log.startsWith('tender/redis-1')), 'tender/redis-1 exporter'];
    assert.equal(tokenWith(stores(), scan()).verdict, 'pass');
    assert.equal(tokenWith(stores(), scan({ logs })).verdict, 'inconclusive');
    const elsewhere = { namespaces: [...NAMESPACES, 'data'] };
    assert.equal(tokenWith(stores('data'), scan({ ...elsewhere, logs })).verdict, 'inconclusive');
    const members = ['data/redis-0 redis', 'data/redis-1 redis'];
    assert.equal(
      tokenWith(stores('data'), scan({ ...elsewhere, logs: [...LOGS, ...members] })).verdict,
      'pass',
    );
    const fromFive = ['data/redis-5 redis', 'data/redis-6 redis'];
    const numbered = (from: readonly string[]) =>
      tokenWith(stores('data'), scan({ ...elsewhere, logs: [...LOGS, ...from] })).verdict;
    assert.equal(numbered(fromFive), 'pass', 'members that are numbered from 5');
    assert.equal(numbered(fromFive.slice(1)), 'inconclusive');
  });
});
