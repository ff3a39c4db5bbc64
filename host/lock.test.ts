import assert from 'node:assert/strict';
import fs, {
  existsSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
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

/** Every file that is written meanwhile stays empty, as on a full disk. */
function failWriting(context: TestContext, code: string): void {
  const write = fs.writeFileSync;
  context.mock.method(fs, 'writeFileSync', (path: string) => {
    write(path, '');
    throw Object.assign(new Error(`${code}: write`), { code });
  });
  syncBuiltinESMExports();
  context.after(() => {
    context.mock.restoreAll();
    syncBuiltinESMExports();
  });
}

test('on a full disk the lock is a link that needs no room, and others see who holds it', (context) => {
  const path = scratch(context);
  failWriting(context, 'ENOSPC');
  const release = takeLock(path);
  assert.ok(Buffer.byteLength(readlinkSync(path)) < 60);
  assert.equal(lockHolder(path)?.pid, process.pid);
  assert.throws(() => takeLock(path), /another process holds .* \(not recorded, since the disk was full\)/);
  assert.deepEqual(readdirSync(dirname(path)), ['lock']);
  release();
  assert.deepEqual(readdirSync(dirname(path)), []);
});

test('a link of a process that is no more is taken over', (context) => {
  const path = scratch(context);
  symlinkSync(JSON.stringify([process.pid, '1', 'x']), path);
  assert.equal(lockHolder(path), null);
  const release = takeLock(path);
  assert.equal(lockHolder(path)?.checkout, process.cwd());
  release();
});

test('a lock that cannot be written for another reason is not taken, and leaves nothing behind', (context) => {
  const path = scratch(context);
  failWriting(context, 'EIO');
  assert.throws(() => takeLock(path), /EIO/);
  assert.deepEqual(readdirSync(dirname(path)), []);
});
