import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolderIn } from '../../host/_testing/variable.ts';
import { lockPath, takeLock } from '../../host/lock.ts';
import type { InstanceName } from './nodes/addressing.ts';
import { emptyState, restoreUnusedHost } from './teardown.ts';

test('everything in the state folder is removed but the lock, and the stamp only if it is not to be kept', (context) => {
  const folder = join(emptyFolderIn(context, 'PLUMBLINE_STATE'), 'local');
  emptyState('local');
  mkdirSync(join(folder, 'nodes', 'worker-1'), { recursive: true });
  for (const name of ['lock', 'stamp.json', 'kubeconfig']) writeFileSync(join(folder, name), '');
  emptyState('local', { keepStamp: true });
  assert.deepEqual(readdirSync(folder).sort(), ['lock', 'stamp.json']);
  emptyState('local');
  assert.deepEqual(readdirSync(folder), ['lock']);
});

test('the machine is restored only once no instance is on it, or is being provisioned', async (context) => {
  emptyFolderIn(context, 'PLUMBLINE_STATE');
  const up = new Set<InstanceName>();
  let restored = 0;
  const attempt = async (): Promise<number> => {
    await restoreUnusedHost({
      runs: (instance) => up.has(instance),
      restore: () => {
        restored += 1;
        return Promise.resolve();
      },
    });
    return restored;
  };
  // It has loaded the modules, and no process of a node runs yet.
  const release = takeLock(lockPath('local-small'));
  assert.equal(await attempt(), 0);
  up.add('local-small');
  release();
  assert.equal(await attempt(), 0);
  up.clear();
  assert.equal(await attempt(), 1);
});
