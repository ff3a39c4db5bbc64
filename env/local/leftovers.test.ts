import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountsBelow } from './leftovers.ts';

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
