import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement } from '../../../reports/record/judgement.ts';
import { judge } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';
import {
  all,
  followed,
  requestLine,
  requests,
  settings,
  START_MS,
  tOf,
  trial,
  upTo,
  VISIBLE,
  WHOLE,
} from '../_testing/histories.ts';
import type { RequestCanary } from '../_testing/histories.ts';

const FEW = 'telemetry/traces/canary';
const MANY = 'telemetry/traces/complete';
type More = (n: number) => Partial<RequestCanary>;
/** As many as the header says. */
const judged = (check: string, count: number, more: More = () => ({}), beside: Seen[] = []): Judgement =>
  judge({
    check,
    settings: settings({ few: count, requests: count }),
    goals: { ...VISIBLE, foundRatio: 0.99 },
    seen: [...followed(sent(count, more), { traces: true }), ...beside],
  });
const figure = ({ figures }: Judgement, name: string) => figures.find((one) => one.name === name)?.value;
const sent = (count: number, more: More = () => ({})) =>
  requests(upTo(count).map((n) => ({ n, ...more(n) })));
const without = (service: string) => WHOLE.filter((row) => row[2] !== service);

test('should pass when each request is one trace', () => {
  const found = judged(FEW, 40);
  assert.equal(found.verdict, 'pass');
  assert.equal(figure(found, 'whole traces in time'), 40);
});

test('should name the hop at which the context is lost, and tell that from spans that are nowhere', () => {
  const lost = () => ({ spans: without('tender-ai') });
  const nowhere = judged(FEW, 40, lost);
  assert.equal(nowhere.verdict, 'fail');
  assert.match(nowhere.reason, /tender-api → tender-ai \(amqp\): .*no span of tender-ai in 40 of 40 traces/);
  assert.doesNotMatch(nowhere.reason, /context was lost/);
  const elsewhere = judged(FEW, 40, lost, [
    ['stray', { correlationId: 'r/1', service: 'tender-ai', traces: ['x'] }],
  ]);
  assert.match(elsewhere.reason, /the trace context was lost on the way/);
});

test('should speak of another tenant where nothing at all is there, and never pass', () => {
  const nothing = judged(FEW, 40, () => ({ spans: null }));
  assert.equal(nothing.verdict, 'fail');
  assert.match(
    nothing.seen,
    /nothing at all of this run is in the store of traces: maybe another tenant or store/,
  );
  assert.doesNotMatch(judged(FEW, 40, (n) => ({ spans: n === 1 ? WHOLE : null })).seen, /another tenant/);
});

test('should name what is missing first on the way, not all that hangs on it', () => {
  const spans = WHOLE.filter((row) => row[2] === 'gateway');
  const found = judged(FEW, 3, () => ({ spans }));
  assert.deepEqual(
    found.findings.map(({ subject }) => subject),
    ['gateway → tender-api (http)'],
  );
});

test('should fail for a span below the wrong service, and for a call that is not there', () => {
  const wrong = WHOLE.map((row) =>
    row[0] === 'w' ? (['w', 'c', row[2], row[3], row[4], row[5]] as const) : row,
  );
  assert.match(
    judged(FEW, 1, () => ({ spans: wrong })).reason,
    /tender-ai \(amqp\): expected the first span of tender-ai below one of tender-api, seen below gateway/,
  );
  const noCall = WHOLE.filter((row) => row[0] !== 'i');
  assert.match(judged(FEW, 1, () => ({ spans: noCall })).reason, /a span "INSERT tenders" of tender-api/);
});

test('should claim no more than the sample bears out', () => {
  assert.equal(judged(MANY, 1000).verdict, 'pass');
  const few = judged(MANY, 100);
  assert.equal(few.verdict, 'inconclusive');
  assert.match(few.seen, /a decision needs \d+ requests in all/);
  const broken = judged(MANY, 1000, (n) => (n % 20 === 0 ? { spans: null } : {}));
  assert.equal(broken.verdict, 'fail');
  assert.equal(figure(broken, 'traces that are not whole'), 50);
});

test('should say nothing when the store did not answer, and nothing of requests that were not accepted', () => {
  const silent = judge({
    check: FEW,
    settings: settings({ few: 10 }),
    goals: VISIBLE,
    seen: followed(
      sent(10).filter(([kind]) => kind !== 'trace'),
      { traces: false },
    ),
  });
  assert.equal(silent.verdict, 'inconclusive');
  assert.match(silent.reason, /the store of traces unavailable/);
  const refused = judged(FEW, 10, () => ({ ok: false }));
  assert.equal(refused.verdict, 'inconclusive');
  assert.match(refused.reason, /10 of 10 requests were not answered well: status 503/);
});

const correlated = (
  count: number,
  lines: Seen[],
  more: More = () => ({}),
  application: object = {},
): Judgement =>
  judge({
    check: 'telemetry/correlation',
    settings: { ...settings({ few: count }), ...application },
    goals: VISIBLE,
    seen: followed([...sent(count, more).filter(([kind]) => kind !== 'trace'), ...lines], { logs: true }),
  });
const SERVICES = ['gateway', 'tender-api', 'tender-ai'];

test('should not pass on the few of the requests that were answered', () => {
  const few = judged(FEW, 20, (n) => ({ ok: n === 1 }));
  assert.equal(few.verdict, 'inconclusive');
  assert.match(few.reason, /canary requests: expected all of them answered well, seen 1 of 20/);
  assert.match(few.seen, /19 of 20 requests were not answered well: status 503/);
  const lines = SERVICES.map((one) => requestLine(1, one));
  const correlation = correlated(20, lines, (n) => ({ ok: n === 1 }));
  assert.equal(correlation.verdict, 'inconclusive');
  assert.match(
    correlation.reason,
    /canary requests: .*seen 1 of 20: 19 of 20 requests were not answered well: status 503/,
  );
  // The goal for many requests counts accepted ones only, as long as those are not too few.
  assert.equal(judged(MANY, 1000, (n) => ({ ok: n > 1 })).verdict, 'pass');
  assert.equal(judged(MANY, 1000, (n) => ({ ok: n > 600 })).verdict, 'fail');
});

test('should tell requests that were refused before the service from failures of it', () => {
  const refused = { status: 429, detail: 'rate-limit: status 429' };
  const each = (of: number) => (n: number) => (n % of === 0 ? { ok: false, instead: refused } : {});
  const limited = judged(MANY, 1000, each(10));
  assert.equal(limited.verdict, 'inconclusive');
  assert.match(
    limited.reason,
    /at most 2 % of them refused, seen 100 of 1000 requests refused with 429: a rate limit/,
  );
  assert.deepEqual([figure(limited, 'requests refused: rate-limit'), figure(limited, 'failed')], [100, 0]);
  assert.equal(judged(MANY, 1000, each(100)).verdict, 'pass', 'a small part');
  const failed = judged(MANY, 1000, (n) => ({ ok: n % 10 !== 0 }));
  assert.doesNotMatch(`${failed.reason} ${failed.seen}`, /refused/);
  assert.equal(figure(failed, 'failed'), 100);
  const both = judged(FEW, 20, (n) => (n < 3 ? { ok: false } : each(10)(n)));
  assert.match(
    both.reason,
    /2 of 20 requests were not answered well: status 503; 2 of 20 requests refused with 429/,
  );
});

test('should count late traces against the goal', () => {
  const late = judged(FEW, 2, (n) => ({ seenMs: START_MS + n * 50 + 40_000 }));
  assert.equal(late.verdict, 'fail');
  assert.match(late.reason, /2 of 2 late/);
});

test('should want every line to carry the trace id of its request', () => {
  const all = [1, 2].flatMap((n) => SERVICES.map((one) => requestLine(n, one)));
  const good = correlated(2, all);
  assert.equal(good.verdict, 'pass', good.reason);
  const stripped = all.map(([kind, fields = {}]): Seen => [
    kind,
    fields['service'] === 'tender-api' ? { ...fields, traceId: '' } : fields,
  ]);
  const bare = correlated(2, stripped);
  assert.equal(bare.verdict, 'fail');
  assert.match(bare.reason, /trace ids in the lines of tender-api: .*2 of 2 lines carry none/);
  const gone = correlated(
    2,
    all.filter(([, fields]) => fields?.['service'] !== 'gateway'),
  );
  assert.match(gone.reason, /log lines of gateway: .*none for 2 of them/);
});

test('should want a line of every service by the trace id alone, where requests are followed by it', () => {
  const traced = { application: { follow: 'trace', proof: 'none', statuses: { look: [200] } } };
  const byTrace = (lines: Seen[]): Judgement => correlated(2, lines, () => ({}), traced);
  const all = [1, 2].flatMap((n) => SERVICES.map((one) => requestLine(n, one)));
  const good = byTrace(all);
  assert.equal(good.verdict, 'pass', good.reason);
  assert.match(good.seen, /lines of a request that carry none are not seen/);
  // A service that strips the id from its lines: those of the others show that the store was asked rightly.
  const stripped = byTrace(all.filter(([, fields]) => fields?.['service'] !== 'tender-api'));
  assert.equal(stripped.verdict, 'fail');
  assert.match(
    stripped.reason,
    /log lines of tender-api: expected a line of each of 2 requests, with its trace id, seen none for 2/,
  );
  // Of no service: another tenant, another field, an edge that begins a trace of its own.
  const none = byTrace([]);
  assert.equal(none.verdict, 'inconclusive');
  assert.match(none.reason, /none in the store has the trace id of a request: the edge begins another trace/);
});

test("false verdict 21: lines of a service whose node's clock is off are due from when their request was sent", () => {
  for (const offMs of [-60_000, 60_000]) {
    const lines = (delayMs: number): Seen[] =>
      SERVICES.map((one) =>
        requestLine(1, one, { atMs: START_MS + 50 + offMs, seenMs: START_MS + 50 + delayMs }),
      );
    assert.equal(correlated(1, lines(5_000)).verdict, 'pass');
    assert.equal(correlated(1, lines(45_000)).verdict, 'fail');
  }
});

test('false verdict 14: traces that were lost together are one event, not as many samples', () => {
  // 95 of 12,000 are fewer than 1 %: by themselves they would pass.
  const last: Seen[] = [['shipper', { t: tOf(START_MS) + 700_000, node: 'w1', pod: 'p', ready: true }]];
  const burst = judged(MANY, 12_000, (n) => (n > 5_000 && n <= 5_095 ? { spans: null } : {}), last);
  assert.equal(burst.verdict, 'inconclusive');
  assert.match(burst.seen, /traces count as one, because they were lost together/);
  assert.equal(judged(MANY, 12_000, (n) => (n % 400 === 0 ? { spans: null } : {}), last).verdict, 'pass');
  // Of 12,000 without a loss at least 99.975 % are found.
  assert.equal(
    figure(
      judged(MANY, 12_000, () => ({}), last),
      'share found, lower 95 % bound',
    ),
    99.97,
  );
});

const UNDER_FAULT = 'telemetry/traces/under-fault';
const underFault = (more: More, of: Seen[]): Judgement =>
  judge({
    check: UNDER_FAULT,
    settings: settings(),
    goals: { ...VISIBLE, foundRatio: 0.99 },
    seen: [...followed(requests(all(more)), { traces: true }), ...of],
  });

test('false verdict 2: traces under a fault want what every trial shows afterwards, and requests that are accepted', () => {
  const good = underFault(() => ({}), trial());
  assert.equal(good.verdict, 'pass', good.reason);
  const one = underFault((n) => ({ ok: n !== 100 }), trial());
  assert.equal(figure(one, 'requests answered well'), 99.75);
  const refused = underFault((n) => ({ ok: n < 100 || n > 371 }), trial());
  assert.equal(refused.verdict, 'fail');
  assert.match(refused.reason, /canary requests answered well: expected at least 50 %, seen 32 %/);
  for (const kind of ['steady-after', 'as-before'])
    assert.equal(
      underFault(
        () => ({}),
        trial().filter(([name]) => name !== kind),
      ).verdict,
      'inconclusive',
    );
  assert.equal(underFault(() => ({}), trial({ healed: false })).verdict, 'fail');
  const filter: Seen = ['restored-early-done', { undone: [], failed: ['packet filter on w2'] }];
  assert.equal(underFault(() => ({}), [...trial(), filter]).verdict, 'fail');
  const other = underFault(() => ({}), trial({ fault: 'hang' }));
  assert.match(other.reason, /the fault was hang, not pod-crash/);
});

test('should not hold requests against a platform that nobody could send', () => {
  const seen: Seen[] = [['unavailable', { what: 'the canary requests', reason: '/ca.pem: ENOENT' }]];
  const goals = { ...VISIBLE, foundRatio: 0.99, answeredRatio: 0.99 };
  const many = judge({ check: MANY, settings: settings(), goals, seen });
  assert.equal(many.verdict, 'inconclusive');
  assert.equal(many.reason, 'the canary requests unavailable: /ca.pem: ENOENT');
  const [steady] = trial();
  const unsent: Seen[] = [steady ?? assert.fail(), ['no-fault', { reason: '/ca.pem: ENOENT' }]];
  const faultless = [...unsent, ...trial().filter(([kind]) => /^(steady-after|as-before)$/.test(kind))];
  for (const check of ['telemetry/traces/under-fault', 'telemetry/logs/under-fault']) {
    const found = judge({ check, settings: settings(), goals, seen: faultless });
    assert.equal(found.verdict, 'inconclusive', `${check}: ${found.reason}`);
    assert.match(found.reason, /the fault: expected landed, seen .*\/ca\.pem: ENOENT/, check);
  }
});

test('should want to know of each request what became of its trace', () => {
  const whole = followed(sent(1000), { traces: true });
  const of = (seen: Seen[]): Judgement =>
    judge({ check: MANY, settings: settings(), goals: { ...VISIBLE, foundRatio: 0.99 }, seen });
  assert.equal(of(whole).verdict, 'pass');
  const lost = of(whole.filter(([kind], at) => kind !== 'trace' || at > 3));
  assert.equal(lost.verdict, 'inconclusive');
  assert.match(lost.reason, /request r\/1: expected what became of the trace/);
  const unsent = of(whole.filter(([kind], at) => kind !== 'canary-request' || at > 3));
  assert.notEqual(unsent.verdict, 'pass');
  const stray = whole.map(([kind, fields = {}]): Seen =>
    kind === 'trace' ? [kind, { ...fields, spans: [['g', null, 'gateway', 'POST', 0, 1]] }] : [kind, fields],
  );
  assert.equal(of(stray).verdict, 'fail');
});
