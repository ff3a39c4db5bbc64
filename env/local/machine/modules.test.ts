import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MODULES, describeMissing, unloadable } from './modules.ts';
import type { ModuleSource } from './modules.ts';
import { run } from '../../../host/run.ts';

const LIST = `kernel/fs/overlayfs/overlay.ko:
kernel/net/bridge/br_netfilter.ko.zst: kernel/net/bridge/bridge.ko.zst kernel/net/802/stp.ko.zst kernel/net/llc/llc.ko.zst
kernel/net/netfilter/nf_conntrack.ko.xz: kernel/net/ipv4/netfilter/nf_defrag_ipv4.ko.xz
kernel/net/bridge/bridge.ko.zst: kernel/net/802/stp.ko.zst
`;
const SOURCE: ModuleSource = { list: LIST, disabled: '0\n', capabilities: '000001ffffffffff', plan: '' };

test('modules are found in the list of the kernel, however they are compressed', () => {
  assert.deepEqual(unloadable(MODULES, SOURCE), []);
});

test('a module that is listed only as a dependency of another does not count as available', () => {
  const list = LIST.replace(
    /^kernel\/net\/bridge\/br_netfilter.*\n/m,
    'a/b.ko: kernel/net/bridge/br_netfilter.ko\n',
  );
  assert.deepEqual(unloadable(MODULES, { ...SOURCE, list }), [
    { name: 'br_netfilter', why: 'not among them' },
  ]);
});

test('a module is reported as barred if modprobe would run another command instead', () => {
  const dir = '/lib/modules/6.1.0/kernel';
  const plan = `install /bin/false \ninsmod ${dir}/net/llc/llc.ko \ninsmod ${dir}/net/bridge/br_netfilter.ko \ninsmod ${dir}/net/netfilter/nf_conntrack.ko \n`;
  const barred = unloadable(MODULES, { ...SOURCE, plan });
  assert.deepEqual(barred, [{ name: 'overlay', why: 'barred' }]);
  assert.match(
    describeMissing(barred, '6.1.0')[1],
    /grep -rE 'install \+\(overlay\)' .*, and type modprobe -a overlay$/,
  );
});

test('the reason why a module cannot be loaded is reported', () => {
  const one = ['overlay'] as const;
  const why = (change: Partial<ModuleSource>): string | undefined =>
    unloadable(one, { ...SOURCE, ...change })[0]?.why;
  assert.equal(why({ list: null }), 'no modules');
  assert.equal(why({ disabled: '1\n' }), 'locked');
  assert.equal(why({ capabilities: '00000000a80425fb' }), 'not allowed');
  for (const change of [{ list: null }, { disabled: '1\n' }, { capabilities: '00000000a80425fb' }]) {
    const [what, doThis] = describeMissing(unloadable(one, { ...SOURCE, ...change }), '6.1.0');
    assert.match(what, /^the kernel module overlay is not loaded, and /);
    assert.match(doThis, /type modprobe -a overlay|write overlay into \/etc\/modules-load\.d/);
  }
  const mixed = describeMissing([
    { name: 'overlay', why: 'barred' },
    { name: 'nf_conntrack', why: 'locked' },
    { name: 'br_netfilter', why: 'barred' },
  ]);
  assert.match(mixed[0], /^the kernel modules overlay br_netfilter are not loaded, /);
});

const SETTING = '/proc/sys/net/bridge/bridge-nf-call-iptables';

function whyNot(): string | false {
  if (process.getuid?.() !== 0) return 'only root may make namespaces';
  return existsSync(SETTING) ? false : 'br_netfilter is not loaded, and a test must not load it';
}

/** These settings exist once per network namespace, so a new namespace serves as a machine. modprobe is a stub that does nothing. */
test(
  'with br_netfilter loaded, the packet filter is kept off the bridges of the host',
  { skip: whyNot() },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-modules-'));
    const before = readFileSync(SETTING, 'utf8');
    try {
      writeFileSync(join(folder, 'modprobe'), '#!/bin/sh\n', { mode: 0o755 });
      const load = `import { loadModules } from '${join(import.meta.dirname, 'modules.ts')}'; await loadModules(['br_netfilter']);`;
      const script = `cat ${SETTING} && "$0" --input-type=module -e "$1" && cat ${SETTING}`;
      const said = await run(['unshare', '--net', 'sh', '-c', script, process.execPath, load], {
        timeoutMs: 20_000,
        env: { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` },
      });
      assert.equal(said, '1\n0\n');
      assert.equal(readFileSync(SETTING, 'utf8'), before, 'the setting of the machine is unchanged');
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
