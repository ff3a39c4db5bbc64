import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { emptyFolderIn } from '../../../host/_testing/variable.ts';
import { warningAbout } from '../_testing/machine.ts';
import { raiseKernelLimits, restoreKernelLimits } from './kernel.ts';

const INSTANCES = 'fs/inotify/max_user_instances';
const WATCHES = 'fs/inotify/max_user_watches';
const BEFORE = {
  [INSTANCES]: '128',
  [WATCHES]: '61866',
  'kernel/panic': '0',
  'kernel/panic_on_oops': '0',
  'kernel/keys/root_maxbytes': '20000',
  'kernel/keys/root_maxkeys': '200',
  'vm/overcommit_memory': '0',
  'vm/panic_on_oom': '0',
};
const BY_KUBELET = {
  'kernel/panic': '10',
  'kernel/panic_on_oops': '1',
  'kernel/keys/root_maxbytes': '25000000',
  'kernel/keys/root_maxkeys': '1000000',
  'vm/overcommit_memory': '1',
};

/** Settings in a folder that stands in for /proc/sys, and the path of the record. */
function stub(context: TestContext): {
  readonly folder: string;
  readonly record: string;
  readonly set: (values: Readonly<Record<string, string>>) => void;
  readonly values: () => Record<string, string>;
} {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-sysctls-'));
  context.after(() => {
    rmSync(folder, { recursive: true });
  });
  const set = (values: Readonly<Record<string, string>>): void => {
    for (const [name, value] of Object.entries(values)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      // As the kernel shows it.
      writeFileSync(join(folder, name), `${value}\n`);
    }
  };
  set(BEFORE);
  return {
    folder,
    record: join(emptyFolderIn(context, 'PLUMBLINE_STATE'), 'kernel.json'),
    set,
    values: () =>
      Object.fromEntries(
        Object.keys(BEFORE).map((name) => [name, readFileSync(join(folder, name), 'utf8').trim()]),
      ),
  };
}

test('limits that are too low are raised, and all settings are restored, but for those that somebody else has set since', (context) => {
  const { folder, record, set, values } = stub(context);
  raiseKernelLimits(folder);
  assert.deepEqual(values(), { ...BEFORE, [INSTANCES]: '8192', [WATCHES]: '524288' });
  set(BY_KUBELET);
  raiseKernelLimits(folder);
  const byOthers = { [WATCHES]: '1048576', 'kernel/panic': '30' };
  set(byOthers);
  restoreKernelLimits(folder);
  assert.deepEqual(values(), { ...BEFORE, ...byOthers });
  assert.ok(!existsSync(record));
});

test('a record of an earlier boot restores nothing, and is replaced when the limits are raised', (context) => {
  const { folder, record, set, values } = stub(context);
  const earlier = JSON.stringify({ ...BEFORE, bootId: 'earlier' });
  const since = { ...BEFORE, ...BY_KUBELET, [INSTANCES]: '8192' };
  set(since);
  writeFileSync(record, earlier);
  restoreKernelLimits(folder);
  assert.deepEqual(values(), since);
  assert.ok(!existsSync(record));
  writeFileSync(record, earlier);
  raiseKernelLimits(folder);
  restoreKernelLimits(folder);
  assert.deepEqual(values(), since);
});

test('a record of an earlier version, which names no boot, is kept and restored whole', (context) => {
  const { folder, record, set, values } = stub(context);
  set({ ...BY_KUBELET, [INSTANCES]: '9000' });
  writeFileSync(record, JSON.stringify(BEFORE));
  raiseKernelLimits(folder);
  restoreKernelLimits(folder);
  assert.deepEqual(values(), BEFORE);
});

test('a record that a power loss has emptied prevents neither removing nor provisioning', async (context) => {
  const { folder, record, values } = stub(context);
  writeFileSync(record, '');
  const warning = warningAbout(record);
  restoreKernelLimits(folder);
  assert.match(await warning, /kernel\.json cannot be read .* stay as they are until the next boot$/);
  assert.deepEqual(values(), BEFORE);
  assert.ok(!existsSync(record));
});
