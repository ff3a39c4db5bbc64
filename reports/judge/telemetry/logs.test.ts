import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement } from '../../record/judgement.ts';
import { judge } from '../topology/testing.ts';
import type { Seen } from '../topology/testing.ts';
import { canary, lines, requestLine, requests, SETTINGS, START_MS, upTo, VISIBLE } from './testing.ts';

const CHECK = 'telemetry/logs/canary';
const judged = (seen: Seen[], goals: Record<string, unknown> = {}, check = CHECK): Judgement =>
  judge({ check, settings: SETTINGS, goals: { ...VISIBLE, ...goals }, seen });
const figure = ({ figures }: Judgement, name: string) => figures.find((one) => one.name === name)?.value;

const GOOD = { node: 'w1', disk: upTo(200), stored: upTo(200) };

test('should pass when every line of every node arrived, and say how long it took', () => {
  const found = judged([...canary(), ...lines(200, [GOOD, { ...GOOD, node: 'w2' }])]);
  assert.equal(found.verdict, 'pass');
  assert.equal(figure(found, 'lines written'), 400);
  assert.equal(figure(found, 'missing'), 0);
  assert.equal(figure(found, 'log lines: delay, p99'), 2000);
  assert.equal(found.telemetry?.delays[0]?.samples, 400);
  assert.ok(found.telemetry.completeness[0]?.values.every((value) => value === 100));
});

test('should name the node, the stage and the shipper where lines are lost', () => {
  const lost = { node: 'w2', disk: upTo(200), stored: upTo(12) };
  const shipper: Seen[] = [['shipper', { node: 'w1', pod: 'log-shipper-a', ready: true }]];
  const found = judged([...canary(), ...lines(200, [GOOD, lost]), ...shipper]);
  assert.equal(found.verdict, 'fail');
  assert.match(found.reason, /lines of node w2: .*188 missing \(13, 14, 15, 16, 17, …\)/);
  assert.match(
    found.reason,
    /lost between the disk and the store: DaemonSet observability\/log-shipper has no pod on w2/,
  );
  assert.deepEqual(
    found.findings.map(({ subject }) => subject),
    ['lines of node w2'],
  );
  assert.equal(figure(found, 'missing'), 188);
});

test('should say nothing of what is missing when the store did not answer at the end', () => {
  const found = judged([...canary({ logs: false }), ...lines(200, [{ ...GOOD, stored: [] }])]);
  assert.equal(found.verdict, 'inconclusive');
  assert.match(found.reason, /the store of logs unavailable: ECONNREFUSED/);
});

test('should count what is there twice, and hold it only where the environment asks for it', () => {
  const seen = [...canary(), ...lines(200, [{ ...GOOD, stored: [...upTo(200), 50] }])];
  const counted = judged(seen);
  assert.equal(counted.verdict, 'pass');
  assert.equal(figure(counted, 'duplicated'), 1);
  const held = judged(seen, { duplicatedRatio: 0 });
  assert.equal(held.verdict, 'fail');
  assert.match(held.reason, /1 duplicated/);
});

test('should fail for lines that came too late, unless nobody could see them in time', () => {
  const late = { ...GOOD, delayMs: 40_000 };
  const seen = [...canary(), ...lines(200, [late])];
  assert.equal(judged(seen).verdict, 'fail');
  assert.equal(figure(judged(seen), 'late'), 200);
  assert.match(judged(seen).reason, /200 late, held up between the disk and the store/);
  const blind: Seen = ['blind', { what: 'logs', fromMs: START_MS, toMs: START_MS + 60_000, reason: 'gone' }];
  const unseen = judged([...seen, blind]);
  assert.equal(unseen.verdict, 'inconclusive');
  assert.match(unseen.reason, /came while the store did not answer/);
});

test('should count what stands in the wrong order', () => {
  const seen = [...canary(), ...lines(3, [{ node: 'w1', disk: upTo(3), stored: [1, 2, 3] }])].map(
    ([kind, fields = {}]): Seen =>
      kind === 'line' && fields['n'] === 1 ? [kind, { ...fields, atMs: START_MS + 5000 }] : [kind, fields],
  );
  const found = judged(seen);
  assert.equal(figure(found, 'out of order'), 2);
  assert.equal(found.verdict, 'pass');
});

test('should take the plan where a disk was not read, and a node without any line for unknown', () => {
  const planned = judged([...canary(), ...lines(200, [{ node: 'w1', disk: null, stored: upTo(199) }])]);
  assert.equal(planned.verdict, 'fail');
  assert.match(planned.reason, /199 of 200 arrived, 1 missing \(200\)/);
  const silent = judged([...canary(), ...lines(200, [GOOD, { node: 'w2', disk: null, stored: [] }])]);
  assert.equal(silent.verdict, 'inconclusive');
  assert.match(silent.reason, /w2/);
});

test('should not pass where fewer lines were written than planned, down to none', () => {
  for (const written of [0, 120]) {
    const short = { node: 'w2', disk: upTo(written), stored: upTo(written) };
    const found = judged([...canary(), ...lines(200, [GOOD, short])]);
    assert.equal(found.verdict, 'inconclusive');
    assert.match(found.reason, new RegExp(`lines of node w2: .*holds ${written} of the 200 lines`));
  }
  const lost = { node: 'w2', disk: upTo(120), stored: upTo(119) };
  assert.equal(judged([...canary(), ...lines(200, [GOOD, lost])]).verdict, 'fail');
});

test('should allow lines to be late only while a fault has taken their node away', () => {
  const check = 'telemetry/logs/under-fault';
  const of = (node: string, delayMs = 105_000) => ({ ...GOOD, node, delayMs });
  const disk: Seen = [
    'disk-requests',
    { service: 'gateway', node: 'w1', pod: 'gateway-0', lines: [[1, START_MS]] },
  ];
  const base = [...canary(), ...requests([{ n: 1 }]), requestLine(1, 'gateway'), disk];
  const fault = (name: string, landedMs: number): Seen[] => [
    ['fault-armed', { fault: name, node: 'w2' }],
    ['fault-landed', { t: 10_000 + landedMs }],
    ['phase', { name: 'fault-end', t: 100_000 }],
  ];
  const held = judged([...base, ...lines(200, [GOOD, of('w2')]), ...fault('node-loss', 5_000)], {}, check);
  assert.equal(held.verdict, 'pass', held.reason);
  assert.deepEqual([figure(held, 'late'), figure(held, 'held up while their node was away')], [0, 200]);
  const majority = fault('node-loss', 5_000).map((one): Seen =>
    one[0] === 'fault-armed' ? ['fault-armed', { fault: 'node-loss', node: 'w1, w2' }] : one,
  );
  assert.equal(
    judged([...base, ...lines(200, [of('w1'), of('w2')]), ...majority], {}, check).verdict,
    'pass',
  );
  const unhealed = fault('node-loss', 5_000).map((one): Seen =>
    one[0] === 'phase' ? ['phase', { ...one[1], healed: false }] : one,
  );
  const blind: Seen = [
    'blind',
    { what: 'logs', fromMs: START_MS + 100_000, toMs: START_MS + 125_000, reason: 'gone' },
  ];
  const tooLate = [...lines(200, [GOOD, of('w2', 115_000)]), ...fault('node-loss', 5_000)];
  assert.equal(judged([...base, ...tooLate, blind], {}, check).verdict, 'inconclusive');
  const wrong: [string, Seen[]][] = [
    ['another node', [...lines(200, [of('w1'), of('w2')]), ...fault('node-loss', 5_000)]],
    ['no node is away', [...lines(200, [GOOD, of('w2')]), ...fault('pod-crash', 5_000)]],
    [
      'it was not seen to come back',
      [...lines(200, [GOOD, of('w2')]), ...fault('node-loss', 5_000).slice(0, 2)],
    ],
    ['later than its goal and a look after it was back', tooLate],
    ['that what was lost healed was not seen', [...lines(200, [GOOD, of('w2')]), ...unhealed]],
    ['due before the loss', [...lines(200, [GOOD, of('w2')]), ...fault('node-loss', 60_000)]],
  ];
  for (const [why, seen] of wrong) assert.equal(judged([...base, ...seen], {}, check).verdict, 'fail', why);
  const lost = { node: 'w2', disk: upTo(200), stored: upTo(199), delayMs: 90_000 };
  const missing = judged([...base, ...lines(200, [GOOD, lost]), ...fault('node-loss', 5_000)], {}, check);
  assert.match(missing.reason, /1 missing \(200\), 199 held up while the node was away/);
});

test('should hold lines of requests against the disks, and want the fault proved', () => {
  const check = 'telemetry/logs/under-fault';
  const disk: Seen = [
    'disk-requests',
    {
      ...{ service: 'tender-api', node: 'w1', namespace: 'tender', pod: 'tender-api-0' },
      lines: [
        [1, START_MS],
        [2, START_MS],
      ],
    },
  ];
  const base = [...canary(), ...lines(200, [GOOD]), ...requests([{ n: 1 }, { n: 2 }]), disk];
  const landed: Seen = ['fault-landed', { by: 'processes gone' }];
  const both = [requestLine(1, 'tender-api'), requestLine(2, 'tender-api')];
  assert.equal(judged([...base, landed, ...both], {}, check).verdict, 'pass');
  const lost = judged([...base, landed, requestLine(1, 'tender-api')], {}, check);
  assert.equal(lost.verdict, 'fail');
  assert.match(lost.reason, /lines of tender-api \(tender-api-0 on node w1\).*1 of 2/);
  const unread = (container: string): Seen => [
    'disk-unread',
    { node: 'w2', pod: `${container}-1`, container, reason: 'forbidden' },
  ];
  const partly = judged([...base, landed, ...both, unread('tender-api')], {}, check);
  assert.equal(partly.verdict, 'inconclusive');
  assert.match(partly.reason, /lines of tender-api \(tender-api-1 on node w2\).*forbidden/);
  assert.equal(judged([...base, landed, ...both, unread('lines')], {}, check).verdict, 'pass');
  const missed: Seen = ['fault-missed', { reason: 'there was no process' }];
  const without = judged([...base, missed, ...both], {}, check);
  assert.equal(without.verdict, 'inconclusive');
  assert.match(without.reason, /there was no process/);
});
