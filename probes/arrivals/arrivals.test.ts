import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Kind } from '../../reports/record/observations/index.ts';
import type { NewObservation } from '../history.ts';
import type { LogProbe, LogRecord, LogSearch } from '../logs/index.ts';
import { SignalError } from '../signals/index.ts';
import type { Span, Trace, TraceProbe } from '../traces/index.ts';
import { traceIdOf, tracePrefixOf } from '../application/trace-ids.ts';
import { LOOK_BACK_EVERY_MS } from '../../reports/record/observations/telemetry.ts';
import { linesOnDisk, LogArrivals, TraceArrivals } from './index.ts';

const signal = new AbortController().signal;
const RUN = 'r1';
/** Clocks of nodes may be so far off. */
const CLOCKS_MS = 900_000;

function record(id: string, more: Partial<LogRecord>): LogRecord {
  return {
    id,
    timeMs: Date.now(),
    message: '',
    service: '',
    traceId: '',
    correlationId: '',
    number: null,
    node: 'w1',
    namespace: 'n',
    pod: 'p',
    ...more,
  };
}

function store(answer: (search: LogSearch) => LogRecord[]): LogProbe & { searches: LogSearch[] } {
  const searches: LogSearch[] = [];
  return {
    kind: 'test',
    searches,
    search: (search) => {
      searches.push(search);
      return Promise.resolve().then(() => answer(search));
    },
    absence: () => Promise.resolve(null),
    close: () => undefined,
  };
}

function following(startMs = Date.now() - 10_000) {
  const written: NewObservation[] = [];
  const of = <K extends Kind>(kind: K) =>
    written.filter((one): one is Extract<NewObservation, { kind: K }> => one.kind === kind);
  return {
    of,
    options: {
      write: (seen: NewObservation) => void written.push(seen),
      startMs,
      deadlineMs: 1_000,
      patienceMs: 60_000,
    },
  };
}

test('should be complete when every node has all lines and every request a line of each service', async () => {
  const lines = [1, 2].map((n) => record(`l${n}`, { correlationId: `${RUN}/line/w1/x`, number: n }));
  const request = record('q', { correlationId: `${RUN}/1`, service: 'gateway' });
  let there: LogRecord[] = [];
  const seen = following();
  const probe = store(() => there);
  const expected = { run: RUN, nodes: ['w1'], lines: 2, services: ['gateway', 'tender-api'] };
  const arrivals = new LogArrivals(probe, expected, seen.options);
  arrivals.answered(`${RUN}/1`, Date.now());
  there = [...lines.slice(1), request];
  await arrivals.look(signal);
  assert.equal(arrivals.complete, false);
  there = [...lines, request, record('r', { correlationId: `${RUN}/1`, service: 'tender-api' })];
  await arrivals.look(signal);
  assert.equal(arrivals.complete, true);
  await arrivals.sweep(signal);
  assert.equal(seen.of('line').length, 2);
  assert.equal(seen.of('request-line').length, 2);
  assert.ok(probe.searches.every(({ correlationId }) => correlationId === `${RUN}/`));
});

test('should not look further back than what is still awaited', async () => {
  const startMs = Date.now() - 50_000;
  const seen = following(startMs);
  const lateMs = Date.now() - 1_000;
  const probe = store(() => [record('l1', { correlationId: `${RUN}/line/w1/x`, number: 1, timeMs: lateMs })]);
  const arrivals = new LogArrivals(probe, { run: RUN, nodes: ['w1'], lines: 2, services: [] }, seen.options);
  await arrivals.look(signal);
  await arrivals.look(signal);
  assert.equal(probe.searches[0]?.fromMs, startMs - 2_000);
  assert.equal(probe.searches[1]?.fromMs, lateMs - 2_000);
});

test('should look back to the beginning every ten seconds, and soon again where that was not answered', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  const startMs = 1_000_000;
  let down = false;
  const probe = store(() => {
    if (down) throw new Error('gone');
    return [];
  });
  const options = { ...following(startMs).options, patienceMs: 1_000 };
  const arrivals = new LogArrivals(probe, { run: RUN, nodes: [], lines: 0, services: [] }, options);
  const from = async (afterMs: number): Promise<number | undefined> => {
    t.mock.timers.tick(afterMs);
    await arrivals.look(signal);
    return probe.searches.at(-1)?.fromMs;
  };
  assert.equal(await from(LOOK_BACK_EVERY_MS - 1), startMs + LOOK_BACK_EVERY_MS - 1 - 2_000);
  down = true;
  assert.equal(await from(1), startMs - CLOCKS_MS);
  down = false;
  assert.equal(await from(1_000), startMs + LOOK_BACK_EVERY_MS + 1_000 - 2_000);
  assert.equal(await from(1_000), startMs - CLOCKS_MS);
  assert.equal(await from(1_000), startMs + LOOK_BACK_EVERY_MS + 3_000 - 2_000);
});

test("should await the lines of a container's last life, also where those of an earlier one come after them", async () => {
  const seen = following();
  const now = Date.now();
  const line = (life: string, n: number, timeMs: number): LogRecord =>
    record(`${life}${n}`, { correlationId: `${RUN}/line/w1/${life}`, number: n, timeMs });
  let there = [line('b', 1, now - 2_000)];
  const probe = store(() => there);
  const arrivals = new LogArrivals(probe, { run: RUN, nodes: ['w1'], lines: 2, services: [] }, seen.options);
  await arrivals.look(signal);
  there = [...there, line('a', 1, now - 5_000)];
  await arrivals.look(signal);
  there = [...there, line('b', 2, now - 1_000)];
  await arrivals.look(signal);
  assert.equal(arrivals.complete, true);
  assert.equal(seen.of('line').length, 3);
});

test('false verdict 21: should find the lines of nodes whose clocks are minutes ahead or behind', async () => {
  const now = Date.now();
  for (const offMs of [-600_000, 600_000]) {
    const there = record('l1', { correlationId: `${RUN}/line/w1/x`, number: 1, timeMs: now + offMs });
    const probe = store(({ fromMs, toMs }) =>
      there.timeMs >= fromMs && there.timeMs <= toMs ? [there] : [],
    );
    const seen = following(now - 5_000);
    const arrivals = new LogArrivals(
      probe,
      { run: RUN, nodes: ['w1'], lines: 1, services: [] },
      seen.options,
    );
    await arrivals.sweep(signal);
    assert.equal(seen.of('line').length, 1, String(offMs));
  }
});

test('should not take lines whose field is declared at the wrong place for lost, nor for without an id', async () => {
  const lacking: string[] = [];
  const request = record('q', { correlationId: `${RUN}/1` });
  const line = record('l', { correlationId: `${RUN}/line/w1/x` });
  for (const there of [[request], [line]]) {
    const probe = store(() => there);
    probe.absence = (of, { correlationId = '' }) => {
      lacking.push(`${of} ${correlationId}`);
      // Nothing shows that services write an id of a trace at all.
      return Promise.resolve(of === 'traceId' ? null : new SignalError(`no ${of}`, { reason: 'absent' }));
    };
    const seen = following();
    const expected = { run: RUN, nodes: ['w1'], lines: 1, services: ['api'] };
    const arrivals = new LogArrivals(probe, expected, seen.options);
    assert.equal(await arrivals.sweep(signal), false);
    assert.match(arrivals.trouble ?? '', /^no (service|number)$/);
    assert.deepEqual([...seen.of('line'), ...seen.of('request-line')], []);
  }
  assert.deepEqual(lacking, [`service ${RUN}/`, `number ${RUN}/line/`]);
  const named = store(() => [{ ...request, service: 'api' }]);
  const arrivals = new LogArrivals(
    named,
    { run: RUN, nodes: [], lines: 0, services: ['api'] },
    following().options,
  );
  assert.equal(await arrivals.sweep(signal), true);
});

test('should want to know the pod of a line of a request only where lines are compared with the disks of nodes', async () => {
  const request = (pod: string): LogRecord =>
    record('q', { correlationId: `${RUN}/1`, service: 'api', traceId: 't', pod });
  const of = (nodes: string[], pod: string) => {
    const probe = store(() => [request(pod)]);
    probe.absence = (field) => Promise.resolve(new SignalError(`no ${field}`, { reason: 'absent' }));
    return new LogArrivals(probe, { run: RUN, nodes, lines: 1, services: ['api'] }, following().options);
  };
  const podless = of(['w1'], '');
  assert.equal(await podless.sweep(signal), false);
  assert.equal(podless.trouble, 'no pod');
  assert.equal(await of(['w1'], 'api-0').sweep(signal), true);
  assert.equal(await of([], '').sweep(signal), true);
});

test('should find lines by the ids of the traces that requests began, and numbered lines beside them', async () => {
  const line = record('l1', { correlationId: `${RUN}/line/w1/x`, number: 1 });
  const ofRequest = (n: number, service: string): LogRecord =>
    record(`${service}${n}`, { traceId: traceIdOf(RUN, n), service });
  const there = [1, 2].map((n) => ofRequest(n, 'api'));
  const unsent = record('u', { traceId: traceIdOf(RUN, 3), service: 'api' });
  const probe = store(({ traceId }) => (traceId === undefined ? [line] : [...there, unsent]));
  const seen = following();
  const expected = { run: RUN, nodes: ['w1'], lines: 1, services: ['api', 'worker'], traced: 2 };
  const arrivals = new LogArrivals(probe, expected, seen.options);
  for (const n of [1, 2]) arrivals.answered(`${RUN}/${n}`, Date.now());
  await arrivals.look(signal);
  assert.equal(arrivals.complete, false);
  there.push(...[1, 2].map((n) => ofRequest(n, 'worker')));
  await arrivals.sweep(signal);
  assert.equal(arrivals.complete, true);
  assert.deepEqual(
    probe.searches.slice(0, 2).map(({ correlationId, traceId }) => [correlationId, traceId]),
    [
      [`${RUN}/line/`, undefined],
      [undefined, tracePrefixOf(RUN)],
    ],
  );
  assert.deepEqual(
    seen.of('request-line').map(({ correlationId, service }) => `${correlationId} ${service}`),
    ['1 api', '2 api', '1 worker', '2 worker'].map((one) => `${RUN}/${one}`),
  );
});

test('should not take lines that have the trace id elsewhere for lost', async () => {
  const probe = store(({ traceId }) => {
    if (traceId === undefined) return [];
    throw new SignalError('such a value stands at `log.trace`', { reason: 'absent' });
  });
  const expected = { run: RUN, nodes: [], lines: 0, services: ['api'], traced: 1 };
  const arrivals = new LogArrivals(probe, expected, following().options);
  assert.equal(await arrivals.sweep(signal), false);
  assert.match(arrivals.trouble ?? '', /stands at `log\.trace`/);
  assert.ok(probe.searches.every(({ traceId }) => traceId !== undefined));
});

test('should tell how long a store did not answer, once', async () => {
  const seen = following();
  let down = true;
  const probe = store(() => {
    if (down) throw new Error('gone');
    return [];
  });
  const arrivals = new LogArrivals(probe, { run: RUN, nodes: [], lines: 0, services: [] }, seen.options);
  await arrivals.look(signal);
  assert.equal(await arrivals.sweep(signal), false);
  assert.equal(arrivals.trouble, 'gone');
  down = false;
  assert.equal(await arrivals.sweep(signal), true);
  assert.equal(seen.of('observation-gap').length, 1);
  assert.equal(seen.of('observation-gap')[0]?.reason, 'gone');
});

function span(id: string, parent: string | null, service: string, name = 'x'): Span {
  return { id, parent, service, name, kind: 'internal', startMs: 1, durationMs: 1, correlationId: null };
}

const EXPECTED = [
  { service: 'gateway', through: 'http', spans: [] },
  { service: 'tender-api', parent: 'gateway', through: 'http', spans: [{ name: 'SET' }] },
];
/** Sent a moment ago, when its test asks: files of tests share a process, and may be loaded minutes before. */
const asked = () => ({ correlationId: `${RUN}/1`, traceId: 't1', sentMs: Date.now() - 5_000 });

function traces(answer: () => Trace[], elsewhere: Trace[] = []): TraceProbe {
  return {
    kind: 'test',
    close: () => undefined,
    byIds: () => Promise.resolve(answer()),
    byCorrelationId: () => Promise.resolve(elsewhere),
  };
}

test('should take a trace for whole only with every service, every declared span and what is above them', async () => {
  const gateway = span('g', 'asked', 'gateway');
  const call = span('c', 'g', 'gateway');
  const api = span('a', 'c', 'tender-api');
  const set = span('s', 'a', 'tender-api', 'SET tender:1');
  const seen = following();
  let spans: Span[] = [];
  const arrivals = new TraceArrivals(
    traces(() => [{ id: 't1', spans }]),
    EXPECTED,
    seen.options,
  );
  arrivals.answered(asked());
  for (const partial of [
    [gateway, call],
    [gateway, call, api],
    [gateway, api, set],
  ]) {
    spans = partial;
    await arrivals.look(signal);
    assert.equal(arrivals.complete, false);
  }
  spans = [gateway, call, api, set];
  await arrivals.look(signal);
  assert.equal(arrivals.complete, true);
  assert.equal(seen.of('trace').length, 1);
  assert.equal(seen.of('trace')[0]?.spans.length, 4);
});

test('should say of a trace when the last question began that did not find it whole', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const seen = following();
  let there: Span[] = [];
  const slow = traces(() => {
    t.mock.timers.tick(2_000);
    return [{ id: 't1', spans: there }];
  });
  const arrivals = new TraceArrivals(slow, EXPECTED, seen.options);
  arrivals.answered(asked());
  const beganMs = Date.now();
  await arrivals.look(signal);
  there = [
    span('g', 'asked', 'gateway'),
    span('c', 'g', 'gateway'),
    span('a', 'c', 'tender-api'),
    span('s', 'a', 'tender-api', 'SET tender:1'),
  ];
  await arrivals.look(signal);
  const [one] = seen.of('trace');
  assert.deepEqual([one?.unseenMs, one?.seenMs, one?.spans.length], [beganMs, beganMs + 4_000, 4]);
});

test('should ask a slow store for fewer traces at a time, and a quick one for more again', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const asks: number[] = [];
  let tookMs = 5_000;
  const probe = {
    ...traces(() => []),
    byIds: (ids: readonly string[]) => {
      asks.push(ids.length);
      t.mock.timers.tick(tookMs);
      return Promise.resolve([]);
    },
  };
  const arrivals = new TraceArrivals(probe, EXPECTED, following().options);
  for (let n = 0; n < 200; n++) arrivals.answered({ ...asked(), traceId: `t${n}` });
  for (let look = 0; look < 6; look++) await arrivals.look(signal);
  tookMs = 10;
  for (let look = 0; look < 5; look++) await arrivals.look(signal);
  assert.deepEqual(asks, [150, 75, 37, 18, 9, 8, 8, 16, 32, 64, 128]);
});

test('should say of a log whose looks were too far apart that nothing tells when a line came in between', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const seen = following();
  let tookMs = 10;
  const probe = store(() => {
    t.mock.timers.tick(tookMs);
    return [];
  });
  const arrivals = new LogArrivals(probe, { run: RUN, nodes: ['w1'], lines: 1, services: [] }, seen.options);
  await arrivals.look(signal);
  assert.deepEqual(seen.of('observation-gap'), []);
  const beganMs = Date.now() - 10;
  tookMs = 6_000;
  await arrivals.look(signal);
  const [gap, ...more] = seen.of('observation-gap');
  assert.deepEqual([gap?.fromMs, gap?.toMs, more], [beganMs, beganMs + 6_010, []]);
  assert.match(gap?.reason ?? '', /took too long/);
});

test('should look where the spans of a missing service went', async () => {
  const seen = following();
  const arrivals = new TraceArrivals(
    traces(() => [{ id: 't1', spans: [span('g', null, 'gateway')] }], [{ id: 't2', spans: [] }]),
    EXPECTED,
    seen.options,
  );
  arrivals.answered(asked());
  assert.equal(await arrivals.sweep(signal), true);
  assert.equal(seen.of('trace')[0]?.seenMs, null);
  assert.deepEqual(seen.of('stray')[0]?.traces, ['t2']);
});

test('should read the times that the runtime wrote before each line', () => {
  const log = '2026-01-02T03:04:05.678901234Z {"n":1}\nno time\n\n2026-01-02T03:04:06Z two words';
  assert.deepEqual(linesOnDisk(log), [
    { atMs: Date.parse('2026-01-02T03:04:05.678Z'), text: '{"n":1}' },
    { atMs: Date.parse('2026-01-02T03:04:06Z'), text: 'two words' },
  ]);
});
