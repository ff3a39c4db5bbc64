import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../../host/_testing/temp-folder.ts';
import { identify, processAlive } from '../../../host/process-identity.ts';
import { holderSelf } from './place.ts';
import { ChildRecord, HolderRecord, sessionMembers } from './processes.ts';

test('ends a recorded session with all its members, although its leader is gone already', async () => {
  const folder = tempFolder();
  // The shell leaves a child behind in its session and ends.
  const child = spawn('sh', ['-c', 'sleep 300 & sleep 300 & echo up; read x'], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  new ChildRecord(folder).add({ name: 'suite', pid: child.pid ?? 0 });
  const leader = identify(child.pid ?? 0);
  assert.ok(leader);
  const others = sessionMembers(leader).filter(({ pid }) => pid !== leader.pid);
  assert.equal(others.length, 2);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.deepEqual(await new ChildRecord(folder).endRecorded(), ['suite']);
  assert.deepEqual(others.filter(processAlive), []);
  assert.deepEqual(await new ChildRecord(folder).endRecorded(), []);
});

test('a stranger that has the number of a recorded child now is left alone', async () => {
  const folder = tempFolder();
  const stranger = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });
  const id = identify(stranger.pid ?? 0);
  assert.ok(id);
  writeFileSync(
    join(folder, 'children.json'),
    JSON.stringify([{ name: 'old', pid: id.pid, startTime: '1' }]),
  );
  assert.deepEqual(await new ChildRecord(folder).endRecorded(), []);
  assert.equal(processAlive(id), true);
  stranger.kill('SIGKILL');
});

test('a child that ended is taken out of the record', async () => {
  const folder = tempFolder();
  const child = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });
  const record = new ChildRecord(folder);
  record.add({ name: 'clientLoad', pid: child.pid ?? 0 });
  record.remove(child.pid ?? 0);
  assert.deepEqual(await new ChildRecord(folder).endRecorded(), []);
  child.kill('SIGKILL');
});

test('a record that cannot be written is a remark where a child has ended, and an error where one begins', async () => {
  const folder = tempFolder();
  const notices: string[] = [];
  const record = new ChildRecord(folder, (message) => notices.push(message));
  const child = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });
  const pid = child.pid ?? 0;
  record.add({ name: 'load', pid });
  // As on a full disk: the text beside it cannot be written.
  mkdirSync(join(folder, `children.json.${process.pid}.new`));
  record.remove(pid);
  assert.match(notices.join(), /still lists one that has ended, which does no harm: EISDIR/);
  assert.throws(() => record.add({ name: 'load', pid }), /EISDIR/);
  child.kill('SIGKILL');
  await once(child, 'exit');
});

test('holders count while they live', () => {
  const record = new HolderRecord(tempFolder());
  record.add({ ...holderSelf(), pid: 1, startTime: 'another life' });
  assert.deepEqual(record.living(), []);
  record.add(holderSelf());
  assert.deepEqual(record.living(), [holderSelf()]);
  record.remove(holderSelf());
  assert.deepEqual(record.living(), []);
});
