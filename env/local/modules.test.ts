import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MODULES, describeMissing, unloadable } from './modules.ts';
import type { ModuleSource } from './modules.ts';

const LIST = `kernel/fs/overlayfs/overlay.ko:
kernel/net/bridge/br_netfilter.ko.zst: kernel/net/bridge/bridge.ko.zst kernel/net/802/stp.ko.zst kernel/net/llc/llc.ko.zst
kernel/net/netfilter/nf_conntrack.ko.xz: kernel/net/ipv4/netfilter/nf_defrag_ipv4.ko.xz
kernel/net/bridge/bridge.ko.zst: kernel/net/802/stp.ko.zst
`;
const SOURCE: ModuleSource = { list: LIST, disabled: '0\n', capabilities: '000001ffffffffff', plan: '' };

test('modules are found in the list of the kernel, however they are compressed', () => {
  assert.deepEqual(unloadable(MODULES, SOURCE), []);
});

test('a module that another one only needs is not there', () => {
  const list = LIST.replace(
    /^kernel\/net\/bridge\/br_netfilter.*\n/m,
    'a/b.ko: kernel/net/bridge/br_netfilter.ko\n',
  );
  assert.deepEqual(unloadable(MODULES, { ...SOURCE, list }), [
    { name: 'br_netfilter', why: 'not among them' },
  ]);
});

test('a module in whose place something else is done is not loaded by trying', () => {
  const dir = '/lib/modules/6.1.0/kernel';
  const plan = `install /bin/false \ninsmod ${dir}/net/llc/llc.ko \ninsmod ${dir}/net/bridge/br_netfilter.ko \ninsmod ${dir}/net/netfilter/nf_conntrack.ko \n`;
  const barred = unloadable(MODULES, { ...SOURCE, plan });
  assert.deepEqual(barred, [{ name: 'overlay', why: 'barred' }]);
  assert.match(
    describeMissing(barred, '6.1.0')[1],
    /"install" line out of \/etc\/modprobe\.d, and type modprobe -a overlay$/,
  );
});

test('what stands in the way of loading is told', () => {
  const one = ['overlay'] as const;
  const why = (change: Partial<ModuleSource>): string | undefined =>
    unloadable(one, { ...SOURCE, ...change })[0]?.why;
  assert.equal(why({ list: null }), 'no modules');
  assert.equal(why({ disabled: '1\n' }), 'locked');
  assert.equal(why({ capabilities: '00000000a80425fb' }), 'not allowed');
  for (const change of [{ list: null }, { disabled: '1\n' }, { capabilities: '00000000a80425fb' }]) {
    const [what, doThis] = describeMissing(unloadable(one, { ...SOURCE, ...change }), '6.1.0');
    assert.match(what, /^the kernel 6\.1\.0 lacks overlay, and /);
    assert.match(doThis, /type modprobe -a overlay/);
  }
});
