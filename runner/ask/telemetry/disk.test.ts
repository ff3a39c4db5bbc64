import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logFieldsOf } from '../../../probes/logs/index.ts';
import type { LogProbe, LogRecord } from '../../../probes/logs/index.ts';
import { requestsByTrace, traceIdOf } from '../../../probes/application/trace-ids.ts';
import { KubeError } from '../../../probes/kubernetes/index.ts';
import { redactor } from '../../../probes/redact.ts';
import { countedOn, readDisk } from './disk.ts';
import { lookFor, recentOf } from './recent.ts';

const fields = logFieldsOf({ fields: {} });
const POD = {
  namespace: 'n',
  pod: 'p',
  container: 'c',
  node: 'w1',
  restarts: 0,
  clock: { offsetMs: 0, errorMs: 0 },
};

test('should count numbered lines by their series and lines of requests by their service', () => {
  const lines = [
    { atMs: 1, text: '{"mark":"r1/line/w1/5-7","n":1,"service":"plumbline-canary"}' },
    { atMs: 2, text: '{"mark":"r1/line/w1/5-7","n":2,"service":"plumbline-canary"}' },
    { atMs: 3, text: '{"mark":"r1/line/w1/9-7","n":1,"service":"plumbline-canary"}' },
    { atMs: 4, text: '{"mark":"r1/17","service":"tender-api","msg":"stored"}' },
    { atMs: 5, text: '{"mark":"r2/17","service":"tender-api","msg":"of another run"}' },
    { atMs: 6, text: 'GET /tenders r1/17 is no JSON' },
  ];
  assert.deepEqual(countedOn(POD, lines, { run: 'r1', fields }), {
    kind: 'disk',
    node: 'w1',
    pod: 'p',
    writer: false,
    series: [
      {
        correlationId: 'r1/line/w1/5-7',
        lines: [
          [1, 1],
          [2, 2],
        ],
      },
      { correlationId: 'r1/line/w1/9-7', lines: [[1, 3]] },
    ],
    requests: [{ service: 'tender-api', lines: [[17, 4]] }],
  });
});

test('should read lines by the keys of the service, and say where another key has what is looked for', () => {
  const line = { atMs: 1, text: '{"request":{"id":"r1/1"},"app":"api"}' };
  const declared = { correlationId: { source: 'x', line: 'request.id' }, service: { line: 'app' } };
  const own = logFieldsOf({ fields: declared });
  const { requests } = countedOn(POD, [line], { run: 'r1', fields: own });
  assert.deepEqual(requests, [{ service: 'api', lines: [[1, 1]] }]);
  assert.throws(
    () => countedOn(POD, [line], { run: 'r1', fields }),
    /ids at `request\.id`, and none at `mark` \(telemetry\.logs\.fields\.correlationId\.line\)/,
  );
  const nameless = logFieldsOf({ fields: { correlationId: { line: 'request.id' } } });
  assert.throws(
    () => countedOn(POD, [line], { run: 'r1', fields: nameless }),
    /do not name their service: none has `service` \(telemetry\.logs\.fields\.service\.line\)/,
  );
});

test('should count lines of requests by the ids of the traces that they began, where nothing is repeated', () => {
  const own = logFieldsOf({ fields: { traceId: 'traceId' } });
  const traced = requestsByTrace('r1', 2);
  const lines = [
    { atMs: 1, text: '{"mark":"r1/line/w1/5-7","n":1,"service":"plumbline-canary"}' },
    { atMs: 2, text: `{"traceId":"${traceIdOf('r1', 2)}","service":"bid-desk"}` },
    { atMs: 3, text: `{"traceId":"${traceIdOf('r1', 3)}","service":"bid-desk","msg":"was not sent"}` },
    { atMs: 4, text: `{"traceId":"${traceIdOf('r2', 1)}","service":"bid-desk","msg":"of another run"}` },
    { atMs: 5, text: `GET /drafts 00-${traceIdOf('r1', 1)}-00f067aa0ba902b7-01 is no JSON` },
  ];
  const { series, requests } = countedOn(POD, lines, { run: 'r1', fields: own, traced });
  assert.deepEqual(requests, [{ service: 'bid-desk', lines: [[2, 2]] }]);
  assert.deepEqual(series, [{ correlationId: 'r1/line/w1/5-7', lines: [[1, 1]] }]);
  assert.throws(
    () => countedOn(POD, lines.slice(1), { run: 'r1', fields, traced }),
    /trace ids at `traceId`, and none at `trace_id` \(telemetry\.logs\.fields\.traceId\.line\)/,
  );
});

const SINCE = { sinceMs: 0, signal: new AbortController().signal };
type Cluster = Parameters<typeof readDisk>[0];
const clusterOf = (logs: (of: { previous?: boolean }) => Promise<string>): Cluster =>
  ({ client: { logs } }) as unknown as Cluster;

test('should say so where a container wrote more than is read', async () => {
  const long = `2026-01-01T00:00:00Z ${'x'.repeat(16 << 20)}`;
  await assert.rejects(
    readDisk(
      clusterOf(() => Promise.resolve(long)),
      POD,
      SINCE,
    ),
    /more than the 16777216 bytes that are read at once: its last lines were not read/,
  );
});

test('should count nothing only of a container before its restart that left no file', async () => {
  const before = (status: number): Cluster =>
    clusterOf(({ previous }) =>
      previous === true
        ? Promise.reject(new KubeError('server', `status ${status}`, { verb: 'logs', path: '/', status }))
        : Promise.resolve('2026-01-01T00:00:00Z now'),
    );
  const restarted = { ...POD, restarts: 1 };
  for (const status of [400, 404]) assert.equal((await readDisk(before(status), restarted, SINCE)).length, 1);
  for (const status of [403, 500])
    await assert.rejects(readDisk(before(status), restarted, SINCE), new RegExp(`status ${status}`));
});

function store(messages: [timeMs: number, message: string][]): LogProbe {
  const records = messages.map(([timeMs, message], index): LogRecord => ({
    id: String(index),
    timeMs,
    message,
    service: '',
    traceId: '',
    correlationId: '',
    number: null,
    node: 'w1',
    namespace: 'n',
    pod: 'p',
  }));
  return {
    kind: 'test',
    search: () => Promise.resolve(records),
    close: () => undefined,
    absence: () => Promise.resolve(null),
  };
}

const BOUNDS = {
  untilMs: 100_000,
  deadlineMs: 1_000,
  signal: new AbortController().signal,
  redact: redactor(['hidden-word']),
};

test('should find a line as it is and a line of which only the message was kept, each record once', async () => {
  const disk = [
    { atMs: 10_000, text: 'plain words' },
    { atMs: 11_000, text: '{"level":"info","msg":"stored"}' },
    { atMs: 11_000, text: '{"level":"info","msg":"stored"}' },
    { atMs: 200_000, text: 'too young to be looked for' },
  ];
  const found = await lookFor(
    store([
      [10_500, 'plain words'],
      [11_000, 'stored'],
    ]),
    { namespace: 'n', name: 'p' },
    disk,
    BOUNDS,
  );
  assert.deepEqual([found.lines, found.found, found.missing], [3, 2, '{"level":"info","msg":"stored"}']);
});

test('should not let a line that is part of others answer for one of them', async () => {
  const [one, end, two] = ['--- one', '---', '--- two'] as const;
  const disk = [one, end, two].map((text) => ({ atMs: 10_000, text }));
  const records = [end, two, one].map((text): [number, string] => [10_000, text]);
  const found = await lookFor(store(records), { namespace: 'n', name: 'p' }, disk, BOUNDS);
  assert.deepEqual([found.lines, found.found, found.missing], [3, 3, null]);
  const fewer = await lookFor(store([records[0]!, records[2]!]), { namespace: 'n', name: 'p' }, disk, BOUNDS);
  assert.deepEqual([fewer.lines, fewer.found, fewer.missing], [3, 2, two]);
});

test('should not let a line that is not looked for answer for one that is lost', async () => {
  const many = Array.from({ length: 20 }, (_, at) => ({ atMs: 10_000 + at, text: `--- ${at}` }));
  const disk = [{ atMs: 9_999, text: '---' }, ...many];
  const kept = disk
    .filter(({ text }) => text !== '--- 7')
    .map((line): [number, string] => [line.atMs, line.text]);
  const found = await lookFor(store(kept), { namespace: 'n', name: 'p' }, disk, BOUNDS);
  assert.deepEqual([found.lines, found.found, found.missing], [20, 19, '--- 7']);
});

test('should want no line that says nothing, and let none answer: the end of a colour', async () => {
  // As Traefik begins: the end of a coloured paragraph is a line of its own.
  const disk = ['INF one\u001b[0m', '\u001b[0m', 'INF two\u001b[0m'].map((text) => ({ atMs: 10_000, text }));
  const records = disk.map(({ atMs, text }): [number, string] => [atMs, text]);
  const found = await lookFor(store(records), { namespace: 'n', name: 'p' }, disk, BOUNDS);
  assert.deepEqual([found.lines, found.found, found.missing], [2, 2, null]);
  const fewer = await lookFor(store(records.slice(0, 2)), { namespace: 'n', name: 'p' }, disk, BOUNDS);
  assert.deepEqual([fewer.lines, fewer.found, fewer.missing], [2, 1, 'INF two\u001b[0m']);
});

test('should give each of several equal lines the record of its own time', async () => {
  const disk = [10_000, 11_900, 13_000].map((atMs) => ({ atMs, text: 'again' }));
  const records = [13_000, 11_900, 10_000].map((atMs): [number, string] => [atMs, 'again']);
  const found = await lookFor(store(records), { namespace: 'n', name: 'p' }, disk, {
    ...BOUNDS,
    untilMs: 20_000,
  });
  assert.deepEqual([found.lines, found.found], [3, 3]);
});

test('should take a secret out of a line before the line is cut', async () => {
  const disk = [{ atMs: 10_000, text: `${'x'.repeat(113)} hidden-word` }];
  const { missing } = await lookFor(store([]), { namespace: 'n', name: 'p' }, disk, BOUNDS);
  assert.equal(missing, `${'x'.repeat(113)} ***`);
});

test('should look for nothing where nothing was written', async () => {
  const found = await lookFor(store([]), { namespace: 'n', name: 'p' }, [], BOUNDS);
  assert.deepEqual([found.lines, found.found], [0, 0]);
});

test('false verdict 21: should read and look for lines by the clock of their node', async () => {
  const asked: (string | undefined)[] = [];
  const cluster = {
    client: {
      logs: ({ sinceTime }: { sinceTime?: string }) => {
        asked.push(sinceTime);
        return Promise.resolve('1970-01-01T00:10:20Z old enough\n1970-01-01T00:10:40Z too young');
      },
    },
  } as unknown as Cluster;
  const looking = {
    cluster,
    probe: store([[620_000, 'old enough']]),
    sinceMs: 50_000,
    untilMs: 30_000,
    askedMs: performance.now(),
    deadlineMs: 1_000,
    // Whoever takes the line for one of the future waits ten minutes for it.
    signal: AbortSignal.timeout(5_000),
    redact: (text: string) => text,
  };
  const pod = { ...POD, workload: 'w', clock: { offsetMs: 600_000, errorMs: 500 } };
  const found = await recentOf(pod, looking);
  assert.deepEqual(asked, ['1970-01-01T00:10:49.500Z']);
  assert.deepEqual([found.kind, 'lines' in found && found.lines], ['recent', 1]);
});

test('false verdict 9: should look for earlier lines where nothing was written lately', async () => {
  const cluster = {
    client: {
      logs: ({ tailLines }: { tailLines?: number }) =>
        Promise.resolve(tailLines === undefined ? '' : '1970-01-01T00:00:20Z started'),
    },
  } as unknown as Cluster;
  const of = async (records: [number, string][]) => {
    const probe = store(records);
    const until = { untilMs: 100_000, askedMs: performance.now(), deadlineMs: 1 };
    const looking = { cluster, probe, ...until, signal: SINCE.signal };
    return recentOf({ ...POD, workload: 'w' }, { ...looking, sinceMs: 90_000, redact: (text) => text });
  };
  const found = await of([[20_000, 'started']]);
  assert.deepEqual(found, {
    kind: 'recent',
    workload: 'w',
    node: 'w1',
    pod: 'p',
    container: 'c',
    written: 'earlier',
    lines: 1,
    found: 1,
    missing: null,
  });
  const lost = await of([]);
  assert.deepEqual('missing' in lost && [lost.found, lost.missing], [0, 'started']);
});

test('should wait for the first lines of what has just started until they had their time to arrive', async () => {
  const cluster = {
    client: {
      logs: () => Promise.resolve('1970-01-01T00:01:40.050Z started\n1970-01-01T00:02:40Z too young'),
    },
  } as unknown as Cluster;
  const looking = {
    cluster,
    probe: store([[100_050, 'started']]),
    sinceMs: 90_000,
    untilMs: 100_000,
    askedMs: performance.now(),
    deadlineMs: 1,
    signal: SINCE.signal,
    redact: (text: string) => text,
  };
  assert.deepEqual(await recentOf({ ...POD, workload: 'w' }, looking), {
    kind: 'recent',
    workload: 'w',
    node: 'w1',
    pod: 'p',
    container: 'c',
    written: 'lately',
    lines: 1,
    found: 1,
    missing: null,
  });
});
