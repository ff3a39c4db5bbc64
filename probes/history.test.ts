import { HISTORY_SCHEMA } from '../reports/record/history/history.ts';
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HistoryError, openHistory, writeHeader } from './history.ts';
import { redactor } from './redact.ts';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-history-'));
});
after(() => {
  rmSync(folder, { recursive: true, force: true });
});
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
const lines = (file: string): unknown[] =>
  read(file)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);

void test('an observation is on disk when observe returns, and gets a time', async () => {
  const writer = openHistory(folder, 'a.ndjson');
  writer.observe({ kind: 'unavailable', what: 'v1/Pod', reason: 'timeout' });
  const [first] = lines('a.ndjson') as { kind: string; t: number }[];
  assert.equal(first?.kind, 'unavailable');
  assert.equal(typeof first.t, 'number');
  await writer.close();
});

void test('operations are on disk within the flush time, in order, and all of them after close', async () => {
  const writer = openHistory(folder, 'b.ndjson', { flushMs: 20 });
  writer.operation(['w', 1, 10, 10.5, 12, 0]);
  writer.operation(['w', 2, 15, 15.5, 17, 2, 'reset']);
  assert.equal(read('b.ndjson'), '');
  for (let waited = 0; lines('b.ndjson').length < 2; waited += 10) {
    assert.ok(waited < 800, 'nothing on disk after 800 ms');
    await sleep(10);
  }
  for (let n = 3; n <= 5000; n++) writer.operation(['w', n, n, n, n, 0]);
  writer.observe({ kind: 'end', t: 1 });
  await writer.close();
  await writer.close();
  const all = lines('b.ndjson');
  assert.equal(all.length, 5001);
  assert.deepEqual(all[1], ['w', 2, 15, 15.5, 17, 2, 'reset']);
  assert.deepEqual(all[4999], ['w', 5000, 5000, 5000, 5000, 0]);
  assert.throws(() => writer.operation(['w', 1, 1, 1, 1, 0]), HistoryError);
});

void test('what was flushed survives kill -9', async () => {
  const script = `
    const { openHistory } = await import(${JSON.stringify(new URL('./history.ts', import.meta.url).href)});
    const writer = openHistory(${JSON.stringify(folder)}, 'killed.ndjson', { flushMs: 5 });
    writer.operation(['w', 1, 1, 1, 1, 0]);
    writer.observe({ kind: 'seen', t: 2 });
    process.stdout.write('written');
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.deepEqual(lines('killed.ndjson'), [['w', 1, 1, 1, 1, 0], { kind: 'seen', t: 2 }]);
});

void test('a full disk is a typed error of every later call, and is announced once', async () => {
  symlinkSync('/dev/full', join(folder, 'full.ndjson'));
  const announced: HistoryError[] = [];
  const writer = openHistory(folder, 'full.ndjson', {
    flushMs: 1,
    onError: (error) => announced.push(error),
  });
  writer.operation(['w', 1, 1, 1, 1, 0]);
  for (let waited = 0; announced.length === 0 && waited < 800; waited += 10) await sleep(10);
  assert.equal(announced.length, 1);
  assert.equal(announced[0]?.full, true);
  assert.match(announced[0].message, /full\.ndjson: cannot write to it \(ENOSPC\); free some space/);
  assert.throws(() => writer.operation(['w', 2, 1, 1, 1, 0]), HistoryError);
  await assert.rejects(writer.close(), HistoryError);
  const second = openHistory(folder, 'full.ndjson');
  assert.throws(() => second.observe({ kind: 'end' }), { name: 'HistoryError', full: true });
  await assert.rejects(second.close(), HistoryError);
});

void test('a folder that cannot be written is a typed error', () => {
  writeFileSync(join(folder, 'plain'), '');
  assert.throws(
    () => openHistory(join(folder, 'plain'), 'x.ndjson'),
    (error: unknown) => {
      assert.ok(error instanceof HistoryError);
      assert.equal(error.unwritable || error.code === 'EEXIST', true);
      return true;
    },
  );
  assert.throws(() => openHistory('/proc/nowhere', 'x.ndjson'), { name: 'HistoryError', unwritable: true });
});

void test('secrets are redacted as they are and as JSON and URLs spell them', async () => {
  const secret = 'p"ss/w\\rd';
  const writer = openHistory(folder, 'secret.ndjson', { redact: redactor([secret, 'abc']) });
  writer.observe({
    kind: 'evidence',
    source: 'logs',
    text: `postgres://u:${encodeURIComponent(secret)}@h and ${secret}, abc stays`,
  });
  await writer.close();
  assert.match(read('secret.ndjson'), /u:\*\*\*@h and \*\*\*, abc stays/);
});

void test('a header starts check.ndjson with its anchor as time', async () => {
  const header = {
    kind: 'header' as const,
    schema: HISTORY_SCHEMA,
    check: 'failover/postgres/pod-crash',
    trial: 2,
    environment: 'local',
    goals: { rtoSeconds: 30 },
    settings: {},
    anchor: { wall: '2026-01-01T00:00:00.000Z', monoMs: 42 },
  };
  await writeHeader(join(folder, 'trial'), header).close();
  assert.deepEqual(lines('trial/check.ndjson'), [{ t: 42, ...header }]);
});
