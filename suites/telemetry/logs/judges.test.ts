import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostWritersIn } from '../_judge/observed.ts';
import type { HistoryHeader } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';
import { judge } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';
import {
  disksRead,
  followed,
  lines,
  requestLine,
  requests,
  serviceDisk,
  settings,
  GATEWAY_LOGS,
  SETTINGS,
  START_MS,
  SWEPT_MS,
  trial,
  tOf,
  upTo,
  all,
  VISIBLE,
} from '../_testing/histories.ts';
import type { NodeCanary } from '../_testing/histories.ts';

const CHECK = 'telemetry/logs/canary';
const judged = (seen: Seen[], goals: Record<string, unknown> = {}, settings: object = SETTINGS): Judgement =>
  judge({ check: CHECK, settings: { ...settings }, goals: { ...VISIBLE, ...goals }, seen });
const figure = ({ figures }: Judgement, name: string) => figures.find((one) => one.name === name)?.value;
const canary = (nodes: readonly NodeCanary[], more: Seen[] = []): Seen[] => [
  ...more,
  ...disksRead(followed(lines(nodes), { logs: true })),
];

const GOOD = { node: 'w1', disk: upTo(200), stored: upTo(200) };

test('should pass when every line of every node arrived, and say how long it took', () => {
  const found = judged(canary([GOOD, { ...GOOD, node: 'w2' }]));
  assert.equal(found.verdict, 'pass', found.reason);
  assert.equal(figure(found, 'lines written'), 400);
  assert.equal(figure(found, 'missing'), 0);
  assert.equal(figure(found, 'log lines: delay, p99'), 2000);
  assert.equal(found.telemetry?.delays[0]?.samples, 400);
});

test('should speak of another tenant where nothing at all is there, and never pass', () => {
  const nothing = judged(canary([{ ...GOOD, stored: [] }]));
  assert.equal(nothing.verdict, 'fail');
  assert.match(nothing.seen, /nothing at all that was looked for .*maybe another tenant or index/);
  assert.doesNotMatch(judged(canary([GOOD, { ...GOOD, node: 'w2', stored: [] }])).seen, /another tenant/);
});

test('should name the node, the stage and the shipper where lines are lost', () => {
  const lost = { node: 'w2', disk: upTo(200), stored: upTo(12) };
  const shipper: Seen[] = [['shipper', { node: 'w1', pod: 'log-shipper-a', ready: true }]];
  const found = judged(canary([GOOD, lost], shipper));
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
  const found = judged(disksRead(followed(lines([{ ...GOOD, stored: [] }]), { logs: false })));
  assert.equal(found.verdict, 'inconclusive');
  assert.match(found.reason, /the store of logs unavailable: ECONNREFUSED/);
});

test('should count what is there twice, and hold it only where the environment asks for it', () => {
  const seen = canary([{ ...GOOD, stored: [...upTo(200), 50] }]);
  const counted = judged(seen);
  assert.equal(counted.verdict, 'pass', counted.reason);
  assert.equal(figure(counted, 'duplicated'), 1);
  const held = judged(seen, { duplicatedRatio: 0 });
  assert.equal(held.verdict, 'fail');
  assert.match(held.reason, /1 duplicated/);
});

test('should fail for lines that came too late, unless nobody could see them in time', () => {
  const seen = canary([{ ...GOOD, delayMs: 40_000 }]);
  assert.equal(judged(seen).verdict, 'fail');
  assert.equal(figure(judged(seen), 'late'), 200);
  assert.match(judged(seen).reason, /200 late, held up between the disk and the store/);
  const gap: Seen = [
    'observation-gap',
    { what: 'logs', fromMs: START_MS, toMs: START_MS + 60_000, reason: 'gone' },
  ];
  const unseen = judged([...seen, gap]);
  assert.equal(unseen.verdict, 'inconclusive');
  assert.match(unseen.reason, /arrived while the store did not answer/);
});

test('should count what stands in the wrong order', () => {
  const seen = canary([GOOD]).map(([kind, fields = {}]): Seen =>
    kind === 'line' && fields['n'] === 1 ? [kind, { ...fields, atMs: START_MS + 350 }] : [kind, fields],
  );
  const found = judged(seen);
  assert.equal(figure(found, 'out of order'), 2);
  assert.equal(found.verdict, 'pass', found.reason);
});

test('should take the plan where a disk could not be read, and a node without any line for unknown', () => {
  const planned = judged(canary([{ node: 'w1', disk: null, stored: upTo(199) }]));
  assert.equal(planned.verdict, 'fail');
  assert.match(planned.reason, /199 of 200 arrived, 1 missing \(200\)/);
  const silent = judged(canary([GOOD, { node: 'w2', disk: null, stored: [] }]));
  assert.equal(silent.verdict, 'inconclusive');
  assert.match(silent.reason, /w2/);
});

test('should not pass where fewer lines were written than planned, down to none', () => {
  for (const written of [0, 120]) {
    const found = judged(canary([GOOD, { node: 'w2', disk: upTo(written), stored: upTo(written) }]));
    assert.equal(found.verdict, 'inconclusive');
    assert.ok(found.findings.some(({ subject }) => subject === 'lines of node w2'));
  }
  assert.equal(judged(canary([GOOD, { node: 'w2', disk: upTo(120), stored: upTo(119) }])).verdict, 'fail');
});

test('false verdict 9: a node that is declared and cannot write leaves the lines of it unknown', () => {
  const pools = [{ name: 'general', count: { min: 3, max: 3 }, labels: {}, taints: [] }];
  const settings = { ...SETTINGS, topology: { pools } };
  const of = (seen: Seen[], pool: string | null): Seen[] =>
    seen.map(([kind, fields]) => (kind === 'canary-node' ? [kind, { ...fields, pool }] : [kind, fields]));
  const two = [GOOD, { ...GOOD, node: 'w2' }];
  const three = judged(of(canary([...two, { ...GOOD, node: 'w3' }]), 'general'), {}, settings);
  assert.equal(three.verdict, 'pass', three.reason);
  const missing = judged(of(canary(two), 'general'), {}, settings);
  assert.equal(missing.verdict, 'inconclusive');
  assert.match(
    missing.reason,
    /nodes of general: expected 3, seen 2: lines of the missing nodes are unknown/,
  );
  const resting: Seen[] = [
    ...of(canary([GOOD]), 'general'),
    ...['w2', 'w3'].flatMap((node): Seen[] => [
      ['canary-node', { node, pool: 'general', ready: false }],
      ['no-writer', { node, reason: 'the node is not Ready' }],
    ]),
  ];
  const found = judged(resting, {}, settings);
  assert.equal(found.verdict, 'inconclusive');
  assert.match(
    found.reason,
    /node w2: expected Ready, with a pod that writes lines, seen the node is not Ready/,
  );
});

test('should judge a sample of many nodes, and say that it is one', () => {
  const names = Array.from({ length: 200 }, (_, index) => `w${index + 1}`);
  const others = (count: number, pool: string | null = null): Seen[] =>
    Array.from({ length: count }, (_, index) => [
      'canary-node',
      { node: `other${index + 1}`, pool, ready: true, leftOut: true },
    ]);
  const sample = canary(names.map((node) => ({ ...GOOD, node })));
  const found = judged([...others(114), ...sample]);
  assert.equal(found.verdict, 'pass', found.reason);
  assert.match(found.seen, /lines were written on 200 of 314 nodes, a sample/);
  const covered = found.figures.find(({ name }) => name === 'nodes covered');
  assert.deepEqual([covered?.value, covered?.goal], [200, 314]);

  const few = canary(names.slice(1).map((node) => ({ ...GOOD, node })));
  const tooFew = judged([...others(115), ...few]);
  assert.equal(tooFew.verdict, 'inconclusive');
  assert.match(
    tooFew.reason,
    /the sample of nodes: expected 200 Ready nodes, with one of each pool, seen 199 nodes/,
  );
  assert.equal(judged([...others(114, 'gpu'), ...sample]).verdict, 'inconclusive', 'none of the pool gpu');
  assert.equal(figure(judged(canary([GOOD])), 'nodes covered'), undefined);
});

test('false verdict 21: a clock that is off is measured, and makes no line late and hides no late one', () => {
  for (const aheadMs of [-40_000, 40_000]) {
    const found = judged(canary([GOOD, { ...GOOD, node: 'w2', aheadMs }]));
    assert.equal(found.verdict, 'pass', found.reason);
    assert.match(found.seen, aheadMs < 0 ? /w2 is 40 s behind/ : /w2 is 40 s ahead/);
    const late = judged(canary([GOOD, { ...GOOD, node: 'w2', aheadMs, delayMs: 40_000 }]));
    assert.equal(late.verdict, 'fail', `${aheadMs}`);
  }
  const unknown = judged(canary([GOOD, { ...GOOD, node: 'w2', aheadMs: null, delayMs: 40_000 }]));
  assert.equal(unknown.verdict, 'inconclusive');
  assert.match(unknown.reason, /clock of w2: expected a measured offset, seen forbidden/);
});

test('should leave open what is as late as the goal, as exactly as the clock is known', () => {
  const found = judged(canary([{ ...GOOD, delayMs: 31_005 }]));
  assert.equal(found.verdict, 'inconclusive');
  assert.match(found.reason, /200 of 200 arrived so close to their deadline/);
});

test('should not pass on what was not looked at, or cannot be', () => {
  const whole = canary([GOOD, { ...GOOD, node: 'w2' }]);
  const changed = (kind: string, change: (fields: Record<string, unknown>) => Record<string, unknown>) => {
    let done = false;
    return whole.map(([name, fields = {}]): Seen => {
      if (name !== kind || done) return [name, fields];
      done = true;
      return [name, change(fields)];
    });
  };
  const cases: [string, Seen[]][] = [
    [
      'a disk that nobody read',
      whole.filter(([kind, fields]) => kind !== 'disk' || fields?.['node'] !== 'w1'),
    ],
    ['a list without what was counted', changed('disk', (fields) => ({ ...fields, series: [] }))],
    ['a number that was never written', changed('line', (fields) => ({ ...fields, n: 2010 }))],
    ['a line of an hour ago', changed('line', (fields) => ({ ...fields, atMs: START_MS - 3_600_000 }))],
    ['a node of another name', changed('line', (fields) => ({ ...fields, node: 'w2' }))],
    [
      'a clock of an hour ago',
      changed('clock-offset', (fields) => ({ ...fields, saidMs: START_MS - 3_600_000 })),
    ],
    ['no last look', whole.filter(([kind]) => kind !== 'swept')],
    ['no count of the disks', whole.filter(([kind]) => kind !== 'disks-read')],
  ];
  for (const [why, seen] of cases) assert.notEqual(judged(seen).verdict, 'pass', why);
});

const UNDER_FAULT = 'telemetry/logs/under-fault';
const underFault = (seen: Seen[], fault = 'pod-crash'): Judgement =>
  judge({ check: UNDER_FAULT, settings: { ...GATEWAY_LOGS, fault }, goals: VISIBLE, seen });

/** Requests and lines of a trial, with what the stores and the disks hold of them. */
function flowed(
  nodes: readonly NodeCanary[],
  of: { stored?: number[]; disk?: number[]; more?: Seen[]; unwell?: [from: number, to: number] } = {},
): Seen[] {
  const { stored = upTo(400), disk = stored, more = [], unwell: [from, to] = [0, 0] } = of;
  const sent = requests(all((n) => ({ ok: n < from || n > to }))).filter(
    ([kind]) => kind === 'canary-request',
  );
  const logged = stored.map((n) => requestLine(n, 'gateway'));
  return [
    ...sent,
    ...disksRead([
      ...followed([...lines(nodes), ...logged], { logs: true }),
      serviceDisk('gateway', disk),
      ...more,
    ]),
  ];
}

test('should allow lines to be late only while a fault has taken their node away', () => {
  const of = (node: string, delayMs = 105_000) => ({ ...GOOD, node, delayMs });
  const loss = (more: Parameters<typeof trial>[0] = {}): Seen[] => trial({ fault: 'node-loss', ...more });
  const held = underFault([...flowed([GOOD, of('w2')]), ...loss()], 'node-loss');
  assert.equal(held.verdict, 'pass', held.reason);
  assert.deepEqual([figure(held, 'late'), figure(held, 'held up while their node was away')], [0, 200]);
  const both = underFault([...flowed([of('w1'), of('w2')]), ...loss({ node: 'w1, w2' })], 'node-loss');
  assert.equal(both.verdict, 'pass', both.reason);
  const gap: Seen = [
    'observation-gap',
    { what: 'logs', fromMs: START_MS + 100_000, toMs: START_MS + 125_000, reason: 'gone' },
  ];
  const tooLate = [...flowed([GOOD, of('w2', 115_000 + 20_000)]), ...loss()];
  assert.equal(underFault([...tooLate, gap], 'node-loss').verdict, 'inconclusive');
  const wrong: [string, Seen[]][] = [
    ['another node', [...flowed([of('w1'), of('w2')]), ...loss()]],
    [
      'it was not seen to come back',
      [...flowed([GOOD, of('w2')]), ...loss().filter(([kind]) => kind !== 'healed')],
    ],
    ['later than its goal and a look after it was back', tooLate],
    ['that what was lost healed was not seen', [...flowed([GOOD, of('w2')]), ...loss({ healed: false })]],
    ['due before the loss', [...flowed([GOOD, of('w2')]), ...loss({ landedMs: 60_000 })]],
  ];
  for (const [why, seen] of wrong) assert.equal(underFault(seen, 'node-loss').verdict, 'fail', why);
  assert.equal(underFault([...flowed([GOOD, of('w2')]), ...trial()]).verdict, 'fail', 'no node is away');
  const lost = { node: 'w2', disk: upTo(200), stored: upTo(199), delayMs: 90_000 };
  const missing = underFault([...flowed([GOOD, lost]), ...loss()], 'node-loss');
  assert.match(missing.reason, /1 missing \(200\), 199 held up while the node was away/);
});

test('should not pass where the fault took a node that is left out of the sample', () => {
  const most = mostWritersIn({ check: UNDER_FAULT, settings: settings({}) } as unknown as HistoryHeader);
  const names = Array.from({ length: most }, (_, index) => `w${index + 1}`);
  const sampled = flowed(names.map((node) => ({ ...GOOD, node })));
  const leftOut: Seen = ['canary-node', { node: 'other', pool: null, ready: true, leftOut: true }];
  const loss = (node: string): Seen[] => trial({ fault: 'node-loss', node });
  const within = underFault([...loss('w2'), leftOut, ...sampled], 'node-loss');
  assert.equal(within.verdict, 'pass', within.reason);
  const without = underFault([...loss('other'), leftOut, ...sampled], 'node-loss');
  assert.equal(without.verdict, 'inconclusive');
  assert.match(without.reason, /node other: expected with a pod that writes lines, .*, seen left out/);
  const crashed = underFault([...trial({ node: 'other' }), leftOut, ...sampled]);
  assert.equal(crashed.verdict, 'pass', crashed.reason);
});

test('should want no more writers than a search finds lines of, beside those of requests', () => {
  // 18,000 lines of each node, and 1,800 requests with a line of each of three services.
  const of = { linesPerSecond: 10, underFaultSeconds: 1800, perSecond: 1 };
  const most = mostWritersIn({ check: UNDER_FAULT, settings: settings(of) } as unknown as HistoryHeader);
  assert.equal(most, 4);
});

test('should hold lines of requests against the disks, and want the fault proved', () => {
  assert.equal(underFault([...flowed([GOOD]), ...trial()]).verdict, 'pass');
  const lost = underFault([...flowed([GOOD], { stored: upTo(399), disk: upTo(400) }), ...trial()]);
  assert.equal(lost.verdict, 'fail');
  assert.match(lost.reason, /lines of gateway \(gateway-0 on node w1\).*399 of 400/);
  const more = (name: string, atMs: number): Judgement =>
    underFault([...flowed([GOOD], { more: [serviceDisk(name, [400], atMs)] }), ...trial()]);
  assert.equal(more('tender-api', SWEPT_MS - 30_000).verdict, 'fail', 'it should have been visible by then');
  assert.equal(
    more('tender-api', SWEPT_MS - 29_000).verdict,
    'pass',
    'it was not due when the store was asked',
  );
  const elsewhere = underFault([
    ...flowed([{ ...GOOD, aheadMs: 60_000 }], { more: [serviceDisk('tender-api', [400], SWEPT_MS)] }),
    ...trial(),
  ]);
  assert.equal(elsewhere.verdict, 'fail', 'by a clock a minute ahead it was due');
  const unread: Seen = [
    'disk-unread',
    { node: 'w2', pod: 'tender-api-1', container: 'tender-api', workload: null, reason: 'forbidden' },
  ];
  const partly = underFault([...flowed([GOOD], { more: [unread] }), ...trial()]);
  assert.equal(partly.verdict, 'inconclusive');
  assert.match(partly.reason, /lines of tender-api \(tender-api-1 on node w2\).*forbidden/);
  const proof = new Set(['fault-armed', 'fault-landed']);
  const missed: Seen = ['fault-missed', { reason: 'there was no process' }];
  const without = underFault([...flowed([GOOD]), ...trial().filter(([kind]) => !proof.has(kind)), missed]);
  assert.equal(without.verdict, 'inconclusive');
  assert.match(without.reason, /there was no process/);
  const before = underFault([...flowed([GOOD]), ...trial({ landedMs: -1 })]);
  assert.match(before.reason, /the fault: expected landed while requests flowed/);
});

test('should not know of a service that logs, and of whose lines no disk holds one', () => {
  const seen = [...flowed([GOOD]), ...trial()];
  const found = judge({ check: UNDER_FAULT, settings: SETTINGS, goals: VISIBLE, seen });
  assert.equal(found.verdict, 'inconclusive');
  assert.match(found.reason, /lines of tender-api: expected on the nodes' disks, seen none of a canary/);
});

test('should not take lines of requests for lost that are in the store without their pod, and still count those that are not', () => {
  const podless = (seen: Seen[], isIt: (n: number) => boolean = () => true): Seen[] =>
    seen.map(([kind, fields = {}]): Seen =>
      kind === 'request-line' && isIt(Number(String(fields['correlationId']).slice(2)))
        ? [kind, { ...fields, pod: '' }]
        : [kind, fields],
    );
  const none = underFault([...podless(flowed([GOOD])), ...trial()]);
  assert.equal(none.verdict, 'inconclusive', none.reason);
  assert.match(
    none.reason,
    /lines of gateway .*400 of 400 are there in records that name no pod \(telemetry\.logs\.fields\.pod\.source\)/,
  );
  assert.equal(figure(none, 'missing'), 0);
  assert.doesNotMatch(none.seen, /are gone/);
  const some = underFault([...podless(flowed([GOOD]), (n) => n === 7), ...trial()]);
  assert.match(some.reason, /1 of 400 are there in records that name no pod/);
  const lost = underFault([...podless(flowed([GOOD], { stored: upTo(399), disk: upTo(400) })), ...trial()]);
  assert.equal(lost.verdict, 'fail');
  assert.match(lost.reason, /lines of gateway .*399 of 400/);
});

test('false verdict 2: logs under a fault want what every trial shows afterwards, and requests that are accepted', () => {
  const flow = flowed([GOOD]);
  const without = (kind: string): Seen[] => [...flow, ...trial().filter(([name]) => name !== kind)];
  for (const kind of ['steady-after', 'as-before'])
    assert.equal(underFault(without(kind)).verdict, 'inconclusive', kind);
  const leaderless: Seen = ['steady-after', { ok: false, leader: null, detail: 'no leader' }];
  const broken = underFault([...without('steady-after'), leaderless]);
  assert.equal(broken.verdict, 'fail');
  assert.match(broken.reason, /no leader/);
  const unhealed = underFault([...flow, ...trial({ healed: false })]);
  assert.equal(unhealed.verdict, 'fail');
  assert.match(unhealed.reason, /not all members had rejoined/);
  const filter: Seen = ['restored-early-done', { undone: [], failed: ['packet filter on w2'] }];
  const filtered = underFault([...flow, ...trial(), filter]);
  assert.equal(filtered.verdict, 'fail');
  assert.match(filtered.reason, /not undone: packet filter on w2/);
  const unwell = underFault([...flowed([GOOD], { unwell: [100, 371] }), ...trial()]);
  assert.equal(unwell.verdict, 'fail');
  assert.match(unwell.reason, /canary requests answered well: expected at least 50 %, seen 32 %; 272 of 400/);
  assert.ok(tOf(START_MS) > 0);
});

test('should blame no fault for requests of a service that did not answer them before it', () => {
  // Requests 1 to 99 had ended when the fault landed.
  const found = underFault([...flowed([GOOD], { unwell: [90, 361] }), ...trial()]);
  assert.equal(found.verdict, 'inconclusive');
  assert.match(found.reason, /seen 32 %; 272 of 400 .*; but 10 of 99 had failed before the fault: it is not/);
  assert.equal(underFault([...flowed([GOOD], { unwell: [91, 362] }), ...trial()]).verdict, 'fail');
});
