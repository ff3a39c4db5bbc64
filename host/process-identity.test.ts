import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import {
  commandLine,
  identify,
  killProcesses,
  parseStat,
  processAlive,
  waitGone,
} from './process-identity.ts';

test('a command name with spaces and brackets does not shift the fields', () => {
  const fields = Array.from({ length: 40 }, (_, at) => String(at + 4));
  const stat = `77 (evil) name (x) S ${fields.join(' ')}`;
  assert.deepEqual(parseStat(stat), { state: 'S', startTime: '22' });
});

test('a truncated stat line is nobody', () => {
  assert.equal(parseStat('77 (x'), null);
  assert.equal(parseStat('77 (x) S 1 2'), null);
});

test('another start time is another process, and is never signalled', async () => {
  const child = spawn('sleep', ['30']);
  const found = identify(child.pid ?? 0);
  assert.ok(found !== null && processAlive(found));
  assert.equal(commandLine(found.pid), 'sleep 30');
  const impostor = { ...found, startTime: '1' };
  assert.equal(processAlive(impostor), false);
  assert.deepEqual(killProcesses([impostor]), { killed: [], gone: [impostor] });
  const ended = once(child, 'exit');
  assert.deepEqual(killProcesses([found]).killed, [found]);
  await waitGone([found], { deadlineMs: 2000 });
  await ended;
  assert.equal(identify(found.pid), null);
});
