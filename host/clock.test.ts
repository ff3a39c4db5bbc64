import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs, { readFileSync } from 'node:fs';
import { anchor, bootMs, monoMs } from './clock.ts';

void test('the clock is that of the boot, so that processes can compare their times', () => {
  const uptimeMs = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
  assert.ok(Math.abs(monoMs() - uptimeMs) < 60_000, `${monoMs()} ms against an uptime of ${uptimeMs} ms`);
});

void test('the clock never goes back and has a resolution below a millisecond', () => {
  const seen = new Set<number>();
  let last = monoMs();
  for (let i = 0; i < 1000; i++) {
    const now = monoMs();
    assert.ok(now >= last);
    seen.add(now);
    last = now;
  }
  assert.ok(seen.size > 50, `${seen.size} different readings of 1000`);
});

void test('the clock that goes on during sleep keeps the sleep that it has seen where it cannot be read', (t) => {
  const read = fs.readFileSync;
  let isReadable = true;
  t.mock.method(fs, 'readFileSync', (...of: Parameters<typeof read>) => {
    if (!isReadable) throw new Error('EMFILE: too many open files');
    return String(Number(String(read(...of)).split(' ')[0]) + 3600);
  });
  const before = bootMs();
  isReadable = false;
  const since = bootMs() - before;
  assert.ok(since >= 0 && since < 1000, `${since} ms`);
});

void test('an anchor ties both clocks together', () => {
  const { wall, monoMs: at } = anchor();
  assert.ok(Math.abs(Date.now() - Date.parse(wall)) < 1000);
  assert.ok(Math.abs(monoMs() - at) < 1000);
});
