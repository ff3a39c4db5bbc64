/** Long lines: joined again by the shipper, or kept as the parts into which the container runtime cut them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogProbe, LogRecord } from '../../../probes/logs/index.ts';
import { lookFor } from './recent.ts';

const AT_MS = 10_000;
const PART_BYTES = 16_384;
const BOUNDS = {
  untilMs: 100_000,
  deadlineMs: 1_000,
  signal: new AbortController().signal,
  redact: (text: string): string => text,
};

/** A shipper that cannot parse a part has its text, and no field of the line. */
function store(messages: readonly string[]): LogProbe {
  const records = messages.map((message, index): LogRecord => ({
    id: String(index),
    timeMs: AT_MS + index,
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

/** Which of the lines are found, by how many, and what is said of the first that is not. */
async function looked(lines: readonly string[], kept: readonly string[]) {
  const disk = lines.map((text, index) => ({ atMs: AT_MS + index, text }));
  const { found, missing } = await lookFor(store(kept), { namespace: 'n', name: 'p' }, disk, BOUNDS);
  return { found, missing };
}

/** As a runtime cuts: by bytes, whatever character they are of. */
function partsOf(text: string, each = PART_BYTES): string[] {
  const bytes = Buffer.from(text);
  const count = Math.ceil(bytes.length / each);
  return Array.from({ length: count }, (_, n) => bytes.subarray(n * each, (n + 1) * each).toString());
}

const numbers = (begin: number, count: number): string =>
  Array.from({ length: count }, (_, n) => begin + n).join(',');
const LONG = JSON.stringify({ level: 'info', msg: numbers(100_000, 6_000) });
const [FIRST = '', SECOND = '', THIRD = ''] = partsOf(LONG);
const without = <T>(all: readonly T[], at: number): T[] => all.filter((_, index) => index !== at);

test('should find a long line of JSON that was joined again, whole or its message alone', async () => {
  assert.equal(partsOf(LONG).length, 3);
  assert.equal((await looked([LONG], [LONG])).found, 1);
  assert.equal((await looked([LONG], [numbers(100_000, 6_000)])).found, 1);
  assert.equal((await looked([LONG], [`${FIRST}${SECOND}`, THIRD])).found, 1);
});

test('should find a long line by all of its parts, in whatever order they come', async () => {
  assert.deepEqual(await looked([LONG], [FIRST, SECOND, THIRD]), { found: 1, missing: null });
  assert.equal((await looked([LONG], [THIRD, 'another line', FIRST, SECOND])).found, 1);
  // CRI-O cuts elsewhere than containerd.
  assert.equal((await looked([LONG], partsOf(LONG, 8_192))).found, 1);
});

test('should find a line behind what the runtime writes before it, where a shipper leaves that there', async () => {
  const at = '2026-01-01T00:00:00.000000001Z stdout';
  assert.equal((await looked([LONG], [`${at} F ${LONG}`])).found, 1);
  assert.equal(
    (await looked([LONG], [`${at} P ${FIRST}`, `${at} P ${SECOND}`, `${at} F ${THIRD}`])).found,
    1,
  );
  assert.equal((await looked([LONG], [`${at} P ${FIRST}`, `${at} F ${THIRD}`])).found, 0);
});

test('should find a line within the object that a shipper makes of it, and in no other one', async () => {
  const line = JSON.stringify({ level: 'info', msg: 'paid "7"', at: 1 });
  const plain = 'said "yes"\tand left';
  const stored = (record: object): string => JSON.stringify({ stream: 'stdout', ...record });
  for (const kept of [
    stored({ log: `${line}\n` }), // Fluent Bit without a parser
    stored({ log: `2026-01-01T00:00:00Z stdout F ${line}` }),
    stored({ level: 'info', msg: 'paid "7"', at: 1 }), // Merge_Log On, Keep_Log Off
    stored({ parsed: { level: 'info', msg: 'paid "7"', at: 1 } }), // Merge_Log_Key
  ])
    assert.equal((await looked([line], [kept])).found, 1, kept);
  assert.equal((await looked([plain], [stored({ log: plain })])).found, 1);
  for (const other of [
    stored({ level: 'info', msg: 'paid "8"', at: 1 }),
    stored({ level: 'info', msg: 'paid "7"' }),
    stored({ log: `${line} and more` }),
  ])
    assert.equal((await looked([line], [other])).found, 0, other);
  assert.equal((await looked(['stdout went away'], [stored({ log: 'x' })])).found, 0);
  assert.equal((await looked(['{}'], [stored({ log: 'x' })])).found, 0);
});

test('should miss a long line of which a part is missing, and say how much of it is there', async () => {
  for (const at of [0, 1, 2]) {
    const { found, missing } = await looked([LONG], without([FIRST, SECOND, THIRD], at));
    const kept = without([FIRST, SECOND, THIRD], at).join('').length;
    assert.equal(found, 0, `without part ${at}`);
    assert.equal(
      missing,
      `${LONG.slice(0, 120)} … the store has parts of it: ${kept} of ${LONG.length} characters`,
    );
  }
  assert.deepEqual(await looked([LONG], []), { found: 0, missing: LONG.slice(0, 120) });
});

test('should let no part answer for two lines, nor for a short line that it contains', async () => {
  const other = LONG.replace('"info"', '"warn"');
  const [begin = '', ...rest] = partsOf(other);
  assert.equal((await looked([LONG, other], [FIRST, SECOND, THIRD, begin, ...rest])).found, 2);
  assert.equal((await looked([LONG, other], [FIRST, SECOND, THIRD, begin])).found, 1);
  const short = await looked([LONG, '100005,100006'], [FIRST, SECOND, THIRD]);
  assert.deepEqual(short, { found: 1, missing: '100005,100006' });
});

test('should find a line whose cut parts a character, whatever stands there in its place', async () => {
  const wide = JSON.stringify({ level: 'info', msg: '漢字 ä '.repeat(4_000) });
  const parts = partsOf(wide);
  assert.ok(parts.some((one) => one.includes('\uFFFD')));
  assert.equal((await looked([wide], parts)).found, 1);
  assert.equal(
    (
      await looked(
        [wide],
        parts.map((one) => one.replaceAll('\uFFFD', ' ')),
      )
    ).found,
    1,
  );
  for (const at of parts.keys()) assert.equal((await looked([wide], without(parts, at))).found, 0);
});

test('should want all parts of a long line that is no JSON, and let a shipper take what stands before the message', async () => {
  const header = '2026-01-01T00:00:00Z INFO [main] ';
  const plain = `${header}${numbers(100_000, 6_000)}`;
  const parts = partsOf(plain);
  assert.equal((await looked([plain], parts)).found, 1);
  assert.equal((await looked([plain], [plain.slice(header.length)])).found, 1);
  assert.equal((await looked([plain], [parts[0]?.slice(header.length) ?? '', ...parts.slice(1)])).found, 1);
  for (const at of parts.keys()) {
    const { found, missing } = await looked([plain], without(parts, at));
    assert.equal(found, 0, `without part ${at}`);
    assert.match(missing ?? '', /the store has parts of it/);
  }
});

test('should tell equal parts of a line apart', async () => {
  const even = `{"msg":"${'x'.repeat(40_000)}`;
  const parts = partsOf(even);
  assert.equal((await looked([even], [...parts].reverse())).found, 1);
  assert.equal((await looked([even], without(parts, 1))).found, 0);
});
