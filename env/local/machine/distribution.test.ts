import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distributionIn } from './distribution.ts';

test('the distribution of a machine is read from its os-release', () => {
  const debian = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n';
  assert.deepEqual(distributionIn(debian), { id: 'debian', codename: 'bookworm' });
  const ubuntu = 'ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME="noble"\nUBUNTU_CODENAME=jammy\n';
  assert.deepEqual(distributionIn(ubuntu), { id: 'ubuntu', codename: 'noble' });
  assert.deepEqual(distributionIn("ID='fedora'\n"), { id: 'fedora', codename: '' });
  assert.deepEqual(distributionIn(''), { id: '', codename: '' });
});
