import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkOf, mountsBelow } from './leftovers.ts';

const MOUNTINFO = `22 1 254:0 / / rw,relatime - ext4 /dev/root rw
40 22 0:50 / /var/lib/plumbline/local/nodes/worker-1/root rw - tmpfs plumbline rw
41 22 0:51 / /var/lib/plumbline/local-small/nodes/worker-1/root rw - tmpfs plumbline rw
`;

test('a mount of one instance is not attributed to the other', () => {
  assert.deepEqual(mountsBelow(MOUNTINFO, '/var/lib/plumbline/local'), [
    '/var/lib/plumbline/local/nodes/worker-1/root',
  ]);
});

test('a machine without an environment has no mounts of it', () => {
  assert.deepEqual(mountsBelow('22 1 254:0 / / rw - ext4 /dev/root rw\n', '/var/lib/plumbline/local'), []);
});

test('a route belongs to the instance whose link it uses, and the route of the whole range to none', () => {
  const through = (link: string): string => `198.18.64.0/24 via 198.18.0.10 dev ${link} linkdown`;
  assert.deepEqual(
    [through('pll-host'), through('plr-host'), 'blackhole 198.18.0.0/15 metric 65535'].map(linkOf),
    ['pll-host', 'plr-host', ''],
  );
});
