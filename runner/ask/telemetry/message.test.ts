/** Which records stand for a line: shippers keep the line or the message within it, and no part of either is enough. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogProbe, LogRecord } from '../../../probes/logs/index.ts';
import { messageOf, plain } from './message.ts';
import { lookFor } from './recent.ts';

const AT_MS = 10_000;
const BOUNDS = {
  untilMs: 100_000,
  deadlineMs: 1_000,
  signal: new AbortController().signal,
  redact: (text: string): string => text,
};

/** Of lines, each with the record that the store has for it, how many are found, and what is said of the first that is not. */
async function looked(lines: readonly string[], kept: (line: string) => string, messageKey?: string) {
  const disk = lines.map((text, index) => ({ atMs: AT_MS + index, text }));
  const records = disk.map(({ atMs, text }): LogRecord => ({
    id: String(atMs),
    timeMs: atMs,
    message: kept(text),
    service: '',
    traceId: '',
    correlationId: '',
    number: null,
    node: 'w1',
    namespace: 'n',
    pod: 'p',
  }));
  const probe: LogProbe = {
    kind: 'test',
    search: () => Promise.resolve(records),
    close: () => undefined,
    absence: () => Promise.resolve(null),
  };
  const { found, missing } = await lookFor(
    probe,
    { namespace: 'n', name: 'p' },
    disk,
    messageKey === undefined ? BOUNDS : { ...BOUNDS, messageKey },
  );
  return { found, missing };
}

const twenty = (of: (n: number) => string): string[] => Array.from({ length: 20 }, (_, n) => of(n));
const PLAIN = twenty((n) => `2026-11-30T12:00:00.${100 + n}Z INFO [main] bids.Desk - draft ${n} received`);
const JSON_LINES = twenty((n) =>
  JSON.stringify({ level: 'info', service: 'tender-api', msg: `paid ${n}`, at: n }),
);

test('should not take the level of a line, its service or another of its values for the line, and say how much is there', async () => {
  const level = await looked(PLAIN, () => 'INFO');
  assert.deepEqual(level, {
    found: 0,
    missing: `${PLAIN[0]} … the store has parts of it: 4 of ${PLAIN[0]?.length} characters`,
  });
  for (const other of ['[main]', 'bids.Desk', 'received'.slice(1), '2026-11-30T12:00:00'])
    assert.equal((await looked(PLAIN, () => other)).found, 0, other);
  for (const value of ['info', 'tender-api', '7'])
    assert.equal((await looked(JSON_LINES, () => value)).found, 0, value);
  const pairs = twenty((n) => `ts=2026 level=info component=tsdb msg="block ${n} written" duration=3ms`);
  for (const value of ['info', 'tsdb', '3ms', 'duration=3ms', 'block'])
    assert.equal((await looked(pairs, () => value)).found, 0, value);
});

test('should miss a line of which the store has cut the end off, and say how much of it is there', async () => {
  const long = twenty((n) => `2026-11-30 12:00:00 INFO ${n} ${'word '.repeat(900)}end`);
  const cut = await looked(long, (line) => line.slice(0, 100));
  const characters = long[0]?.length;
  assert.equal(cut.found, 0);
  assert.match(
    cut.missing ?? '',
    new RegExp(`… the store has parts of it: 100 of ${characters} characters$`),
  );
  const message = 'x '.repeat(2_000).trim();
  const cutMessage = await looked([JSON.stringify({ level: 'info', msg: message })], () =>
    message.slice(0, 1_000),
  );
  assert.equal(cutMessage.found, 0);
  assert.match(cutMessage.missing ?? '', /parts of it: 999 of \d+ characters$/);
});

test('should find a line of which a shipper has kept the message alone', async () => {
  const behind = (line: string): string => line.slice(line.indexOf(' - ') + 3);
  assert.equal((await looked(PLAIN, behind)).found, 20);
  assert.equal((await looked(PLAIN, (line) => line.slice(line.indexOf('[')))).found, 20);
  assert.equal((await looked(JSON_LINES, (line) => /paid \d+/.exec(line)?.[0] ?? '')).found, 20);
  for (const [line, kept] of [
    ['ts=2026 level=info msg="block \\"a\\" written" duration=3ms', 'block "a" written'],
    ['level=info ts=2026 caller=main.go:4 msg=started', 'started'],
    ['2026 level=info msg=started took=3ms', 'level=info msg=started took=3ms'],
    [
      '2026-11-30T12:00:00Z\tINFO\tmain.go:4\tReconciled the bid\t{"bid": "7", "took": 3}',
      'Reconciled the bid',
    ],
    ['12:00:00 WARN disk is full [trace=4bf92f]', 'disk is full'],
    ['12:00:00 ERR it failed error="no route" provider=kube', 'it failed'],
    ['I1130 12:00:00.1 1 main.go:12] "Starting" name="x"', '"Starting" name="x"'],
    ['12:00:00 起動しました', '起動しました'],
    ['12:00:00,123 ok', 'ok'],
    [JSON.stringify({ '@timestamp': '2026', log: { level: 'info' }, message: 'ok' }), 'ok'],
    [
      JSON.stringify({ level: 'INFO', fields: { message: 'started' }, target: 'bids::desk::start' }),
      'started',
    ],
    [
      JSON.stringify({ level: 'info', event: 'bid drafted', logger: 'bids.desk.drafts.service' }),
      'bid drafted',
    ],
    [
      JSON.stringify({ at: '2026-11-30T12:00:00.000000Z', id: 'f'.repeat(32), said: 'a bid came' }),
      'a bid came',
    ],
    ['12:00:00 ERR it failed error.message="no route"', 'it failed'],
  ] as const) {
    assert.equal((await looked([line], () => kept)).found, 1, line);
    assert.equal((await looked([line], () => ` ${kept}\r\n`)).found, 1, `blanks at the ends: ${line}`);
  }
});

test('should take the message of a line and not one that is nested in it, such as that of an error', async () => {
  const error = { type: 'Timeout', message: 'upstream timed out' };
  const serilog = {
    Timestamp: '2026-11-30 12:00:00 UTC',
    Level: 'Error',
    MessageTemplate: 'Order {Id} failed',
    RenderedMessage: 'Order 7 failed',
    Exception: 'System.Exception: boom\n   at A.B() in /src/A.cs:line 7',
  };
  // `message` is what is declared where nothing else is.
  for (const messageKey of [undefined, 'message']) {
    for (const [line, kept] of [
      [{ event: 'payment failed', level: 'error', error }, 'payment failed'],
      [{ msg: 'failed', level: 'error', error }, 'failed'],
      [
        { severity: 'ERROR', summary: 'payment failed for 7', error: { message: 'x' } },
        'payment failed for 7',
      ],
      [serilog, 'Order 7 failed'],
      [{ level: 'INFO', threadName: 'worker of bids', fields: { message: 'started' } }, 'started'],
    ] as const)
      assert.equal((await looked([JSON.stringify(line)], () => kept, messageKey)).found, 1, kept);
    for (const [line, kept] of [
      [{ event: 'payment failed', level: 'error', error }, 'upstream timed out'],
      [{ event: 'payment failed', level: 'error', error }, 'error'],
      [serilog, 'Error'],
      [{ severity: 'ERROR', service: 'bids desk', summary: 'payment failed for 7' }, 'bids desk'],
      [{ at: '2026-11-30 12:00:00', level: 'info', said: 'a bid came' }, '2026-11-30 12:00:00'],
    ] as const)
      assert.equal((await looked([JSON.stringify(line)], () => kept, messageKey)).found, 0, kept);
  }
});

test('should take the value of the key that is declared for the message', async () => {
  const line = JSON.stringify({ lvl: 'info', summary: 'ok', logger: 'bids.desk.drafts' });
  assert.equal((await looked([line], () => 'ok')).found, 0);
  assert.equal((await looked([line], () => 'ok', 'log_processed.Summary')).found, 1);
  assert.equal((await looked([line], () => 'bids.desk.drafts', 'log_processed.summary')).found, 0);
});

test('should find a line whose colours and last blanks a shipper has taken away', async () => {
  const coloured = twenty(
    (n) => `\u001b[90m12:00\u001b[0m \u001b[32mINF\u001b[0m draft ${n} received\u001b[0m  `,
  );
  assert.equal((await looked(coloured, plain)).found, 20);
  assert.equal((await looked(coloured, (line) => line.trimEnd())).found, 20);
  assert.equal((await looked(coloured, (line) => `${/draft.*received/.exec(line)?.[0]}\u001b[0m`)).found, 20);
  assert.equal((await looked(coloured, () => 'INF')).found, 0);
});

test('should let no more stand before a message than a header can be, and part no word', () => {
  const isMessage = messageOf(`${'h'.repeat(511)} the message`, undefined);
  assert.deepEqual(['the message', 'message', 'essage'].map(isMessage), [true, false, false]);
  assert.equal(messageOf('set the level to debug', undefined)('debug'), false, 'that is a level');
});
