import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { EnvironmentHeldError, lockHolder, takeLock, withLock } from './lock.ts';

function scratch(context: { after: (work: () => void) => void }): string {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-lock-'));
  context.after(() => {
    rmSync(dir, { recursive: true });
  });
  return join(dir, 'lock');
}

test('a held lock names its holder to the second caller, and is free after release', (context) => {
  const path = scratch(context);
  const release = takeLock(path);
  assert.equal(lockHolder(path)?.pid, process.pid);
  assert.throws(
    () => takeLock(path),
    (error: unknown) => {
      assert.ok(error instanceof EnvironmentHeldError);
      assert.match(error.message, new RegExp(`pid ${process.pid}, since 20.*checkout`));
      return true;
    },
  );
  release();
  assert.equal(existsSync(path), false);
  takeLock(path)();
});

test('the lock of a process that is no more is taken over', (context) => {
  const path = scratch(context);
  writeFileSync(path, JSON.stringify({ pid: process.pid, startTime: '1', since: 'x', checkout: '/gone' }));
  assert.equal(lockHolder(path), null);
  const release = takeLock(path);
  assert.equal(lockHolder(path)?.checkout, process.cwd());
  release();
});

test('a lock file with rubbish in it holds nobody up', (context) => {
  const path = scratch(context);
  writeFileSync(path, '{"pid": 1');
  takeLock(path)();
});

test('a second worker waits for the first', async (context) => {
  const path = scratch(context);
  const order: string[] = [];
  const release = takeLock(path);
  const second = withLock(path, { deadlineMs: 2000 }, () => {
    order.push('second');
    return Promise.resolve();
  });
  order.push('first');
  release();
  await second;
  assert.deepEqual(order, ['first', 'second']);
});
