import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { exitCodeOf, EXIT } from '../../host/errors.ts';
import { lockPath, takeLock } from '../../host/lock.ts';
import type { InstanceName } from './nodes/addressing.ts';
import { refuseSharedBlock } from './shared-block.ts';

/** A machine on which only these instances exist. */
const only =
  (...standing: InstanceName[]) =>
  (instance: InstanceName): Promise<string[]> =>
    Promise.resolve(standing.includes(instance) ? ['process 7 kubelet', 'link x'] : []);

for (const [instance, other] of [
  ['rehearsal', 'local'],
  ['local', 'rehearsal'],
] as const)
  test(`should refuse ${instance} while anything of ${other} exists, and say how to remove it`, async () => {
    await assert.rejects(refuseSharedBlock(instance, { found: only(other) }), (error: Error) => {
      assert.equal(exitCodeOf(error), EXIT.refused);
      assert.match(error.message, /198\.18\.0\.0\/16.*2 things .* such as process 7 kubelet/);
      assert.ok(error.message.endsWith(`plumbline env down --env ${other}`));
      return true;
    });
    await refuseSharedBlock(instance, { found: only(instance, 'local-small') });
  });

test('should refuse no instance that has a block of its own', async () => {
  await refuseSharedBlock('local-small', { found: only('local', 'rehearsal') });
});

test('should refuse an instance while a process provisions the other one, of which nothing exists yet', async (context) => {
  const before = process.env['PLUMBLINE_STATE'];
  const state = mkdtempSync(join(tmpdir(), 'plumbline-state-'));
  process.env['PLUMBLINE_STATE'] = state;
  context.after(() => {
    if (before === undefined) delete process.env['PLUMBLINE_STATE'];
    else process.env['PLUMBLINE_STATE'] = before;
    rmSync(state, { recursive: true });
  });
  const release = takeLock(lockPath('local'));
  const expected = new RegExp(`the process ${process.pid} provisions or removes it`);
  await assert.rejects(refuseSharedBlock('rehearsal', { found: only() }), expected);
  release();
  await refuseSharedBlock('rehearsal', { found: only() });
});
