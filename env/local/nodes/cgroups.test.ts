import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cgroupName, saysIn } from './cgroups.ts';
import { parseHierarchies } from '../../../host/cgroups/hierarchies.ts';

const MOUNTINFO = `22 1 254:0 / / rw,relatime - ext4 /dev/root rw
30 22 0:26 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
32 30 0:28 / /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer
33 30 0:29 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
34 30 0:30 / /sys/fs/cgroup/unified rw,relatime shared:3 - cgroup2 cgroup2 rw
35 22 0:28 / /elsewhere/freezer rw,relatime - cgroup cgroup rw,freezer
`;

test('each hierarchy is read once, with its controllers', () => {
  assert.deepEqual(
    parseHierarchies(MOUNTINFO).map(({ controllers, mountPoint, version }) => [
      controllers,
      mountPoint,
      version,
    ]),
    [
      [['cpu', 'cpuacct'], '/sys/fs/cgroup/cpu,cpuacct', 1],
      [['freezer'], '/sys/fs/cgroup/freezer', 1],
      [['name=systemd'], '/sys/fs/cgroup/systemd', 1],
      [[], '/sys/fs/cgroup/unified', 2],
    ],
  );
});

test('a machine without cgroup mounts has no hierarchies', () => {
  assert.deepEqual(parseHierarchies('22 1 254:0 / / rw - ext4 /dev/root rw\n'), []);
});

test('cgroups are named after instance and node', () => {
  assert.equal(cgroupName('local'), 'plumbline/local');
  assert.equal(cgroupName('local-small', 'worker-1'), 'plumbline/local-small/worker-1');
});

test('a process is in a node, or in its leaf, and in no other', () => {
  const name = cgroupName('local', 'worker-1');
  assert.ok(saysIn('9:name=systemd:/\n6:freezer:/plumbline/local/worker-1\n0::/\n', name));
  assert.ok(saysIn('0::/plumbline/local/worker-1/init\n', name));
  assert.ok(!saysIn('0::/plumbline/local/worker-11/init\n', name));
  assert.ok(!saysIn('0::/plumbline/local/worker-1/kubepods/burstable\n', name));
  assert.ok(!saysIn('0::/plumbline/local-small/worker-1/init\n', cgroupName('local', 'small')));
});
