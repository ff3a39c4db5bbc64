import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordOf } from './host.ts';
import type { HostRecord } from './host.ts';

const FRESH: HostRecord = {
  bootId: 'a',
  modules: ['overlay', 'br_netfilter', 'nf_conntrack'],
  controllers: ['cpu', 'memory', 'pids'],
};

test('the settings that the first instance found are restored, also after a second instance', () => {
  assert.deepEqual(recordOf(null, FRESH), FRESH);
  const second: HostRecord = {
    ...FRESH,
    modules: [],
    controllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'],
  };
  assert.deepEqual(recordOf(FRESH, second), FRESH);
});

test('a module that was unloaded in between is added, in the order of loading', () => {
  const before: HostRecord = { ...FRESH, modules: ['nf_conntrack'] };
  assert.deepEqual(recordOf(before, { ...FRESH, modules: ['overlay'] }).modules, ['overlay', 'nf_conntrack']);
});

test('a record of an earlier boot is discarded', () => {
  const now: HostRecord = { ...FRESH, bootId: 'b', modules: [] };
  assert.deepEqual(recordOf(FRESH, now), now);
});
