import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement } from '../../record/judgement.ts';
import { judge } from '../topology/testing.ts';
import type { Seen } from '../topology/testing.ts';
import { canary, requestLine, requests, SETTINGS, START_MS, upTo, VISIBLE, WHOLE } from './testing.ts';

const FEW = 'telemetry/traces/canary';
const MANY = 'telemetry/traces/complete';
const judged = (check: string, seen: Seen[]): Judgement =>
  judge({ check, settings: SETTINGS, goals: { ...VISIBLE, foundRatio: 0.99 }, seen });
const figure = ({ figures }: Judgement, name: string) => figures.find((one) => one.name === name)?.value;
const sent = (count: number, more: (n: number) => object = () => ({})) =>
  requests(upTo(count).map((n) => ({ n, ...more(n) })));
const without = (service: string) => WHOLE.filter((row) => row[2] !== service);

test('should pass when each request is one trace, and show the way of one', () => {
  const found = judged(FEW, [...canary({}, ['traces']), ...sent(40)]);
  assert.equal(found.verdict, 'pass');
  assert.equal(figure(found, 'whole traces in time'), 40);
  const [path] = found.telemetry?.paths ?? [];
  assert.equal(path?.title, 'a request that left everything');
  assert.ok(path.hops.some(({ name, found: there }) => name === 'tender-api → tender-ai (amqp)' && there));
});

test('should name the hop at which the context is lost, and tell that from spans that are nowhere', () => {
  const seen = [...canary(), ...sent(40, () => ({ spans: without('tender-ai'), seenMs: null }))];
  const nowhere = judged(FEW, seen);
  assert.equal(nowhere.verdict, 'fail');
  assert.match(nowhere.reason, /tender-api → tender-ai \(amqp\): .*no span of tender-ai in 40 of 40 traces/);
  assert.doesNotMatch(nowhere.reason, /context was lost/);
  const elsewhere = judged(FEW, [
    ...seen,
    ['stray', { n: 1, mark: 'r/1', service: 'tender-ai', traces: ['x'] }],
  ]);
  assert.match(elsewhere.reason, /the trace context was lost on the way/);
});

test('should name what is missing first on the way, not all that hangs on it', () => {
  const spans = WHOLE.filter((row) => row[2] === 'gateway');
  const found = judged(FEW, [...canary(), ...sent(3, () => ({ spans, seenMs: null }))]);
  assert.deepEqual(
    found.findings.map(({ subject }) => subject),
    ['gateway → tender-api (http)'],
  );
});

test('should fail for a span below the wrong service, and for a call that is not there', () => {
  const wrong = WHOLE.map((row) => (row[0] === 'w' ? ['w', 'c', ...row.slice(2)] : row));
  assert.match(
    judged(FEW, [...canary(), ...sent(1, () => ({ spans: wrong }))]).reason,
    /tender-ai \(amqp\): expected the first span of tender-ai below one of tender-api, seen below gateway/,
  );
  const noCall = WHOLE.filter((row) => row[0] !== 'i');
  assert.match(
    judged(FEW, [...canary(), ...sent(1, () => ({ spans: noCall }))]).reason,
    /a span "INSERT tenders" of tender-api/,
  );
});

test('should claim no more than the sample bears out', () => {
  assert.equal(judged(MANY, [...canary(), ...sent(1000)]).verdict, 'pass');
  const few = judged(MANY, [...canary(), ...sent(100)]);
  assert.equal(few.verdict, 'inconclusive');
  assert.match(few.seen, /requests in all would decide/);
  const broken = judged(MANY, [
    ...canary({}, ['traces']),
    ...sent(1000, (n) => (n % 20 === 0 ? { spans: null } : {})),
  ]);
  assert.equal(broken.verdict, 'fail');
  assert.equal(figure(broken, 'traces that are not whole'), 50);
  assert.equal(broken.telemetry?.paths.length, 3);
});

test('should say nothing when the store did not answer, and nothing of requests that were not accepted', () => {
  const silent = judged(FEW, [...canary({ traces: false }), ...sent(10, () => ({ spans: null }))]);
  assert.equal(silent.verdict, 'inconclusive');
  assert.match(silent.reason, /the store of traces unavailable/);
  const refused = judged(FEW, [...canary(), ...sent(10, () => ({ ok: false }))]);
  assert.equal(refused.verdict, 'inconclusive');
  assert.match(refused.reason, /10 of 10 were not: status 503/);
});

test('should not pass on the few of the requests that were answered', () => {
  const half = sent(20, (n) => ({ ok: n === 1 }));
  const few = judged(FEW, [...canary(), ...half]);
  assert.equal(few.verdict, 'inconclusive');
  assert.match(few.reason, /marked requests: expected all of them answered well, seen 1 of 20/);
  assert.match(few.seen, /19 of 20 were not: status 503/);
  const lines = ['gateway', 'tender-api', 'tender-ai'].map((one) => requestLine(1, one));
  const correlation = judged('telemetry/correlation', [...canary(), ...half, ...lines]);
  assert.equal(correlation.verdict, 'inconclusive');
  assert.match(correlation.reason, /marked requests: .*seen 1 of 20: status 503/);
  // A share of many is held against those that were accepted.
  const many = judged(MANY, [...canary(), ...sent(1000, (n) => ({ ok: n > 1 }))]);
  assert.equal(many.verdict, 'pass');
});

test('should count late traces against the goal', () => {
  const late = judged(FEW, [...canary(), ...sent(2, (n) => ({ seenMs: START_MS + n * 50 + 40_000 }))]);
  assert.equal(late.verdict, 'fail');
  assert.match(late.reason, /2 of 2 late/);
});

test('should count requests of which every service has lines with the trace id', () => {
  const all = [1, 2].flatMap((n) => ['gateway', 'tender-api', 'tender-ai'].map((one) => requestLine(n, one)));
  const found = judged(MANY, [...canary(), ...sent(2), ...all.slice(0, 5)]);
  assert.equal(figure(found, 'requests with correlated lines'), 1);
});

test('should want every line to carry the trace id of its request', () => {
  const check = 'telemetry/correlation';
  const services = ['gateway', 'tender-api', 'tender-ai'];
  const all = [1, 2].flatMap((n) => services.map((one) => requestLine(n, one)));
  const base = [...canary(), ...sent(2)];
  assert.equal(judged(check, [...base, ...all]).verdict, 'pass');
  const stripped = all.map(([kind, fields = {}]): Seen => [
    kind,
    fields['service'] === 'tender-api' ? { ...fields, traceId: '' } : fields,
  ]);
  const bare = judged(check, [...base, ...stripped]);
  assert.equal(bare.verdict, 'fail');
  assert.match(bare.reason, /trace ids in the lines of tender-api: .*2 of 2 lines carry none/);
  const gone = judged(check, [...base, ...all.filter(([, fields]) => fields?.['service'] !== 'gateway')]);
  assert.match(gone.reason, /log lines of gateway: .*none of 2 requests/);
});
