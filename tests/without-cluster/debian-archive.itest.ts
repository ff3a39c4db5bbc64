/** Packages of the images' release as a machine of another one fetches them, from the mirror that this machine's apt knows. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fetchPackages } from '../../env/local/images/debian/debian.ts';
import { RELEASE } from '../../env/local/images/debian/debian-archive.ts';
import { run } from '../../host/run.ts';

const LOOK_MS = 30_000;

test('a machine of another release fetches signed packages of this one, and leaves its own apt alone', async (context) => {
  const argv = [
    'apt-get',
    'indextargets',
    '--format',
    '$(REPO_URI)',
    `Codename: ${RELEASE}`,
    'Created-By: Packages',
  ];
  const [mirror] = (await run(argv, { timeoutMs: LOOK_MS })).trim().split('\n');
  if (mirror === undefined || mirror === '') {
    context.skip(`apt knows no mirror of ${RELEASE} here`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-debian-'));
  context.after(() => {
    rmSync(folder, { recursive: true });
  });
  const source = { codename: 'noble', mirror };
  const fetched = await fetchPackages(['base-files'], {
    debsDir: join(folder, 'debs'),
    tempDir: join(folder, 'tmp'),
    source,
  });
  assert.equal(fetched.length, 1);
  const version = await run(['dpkg-deb', '-f', fetched[0] ?? '', 'Version'], { timeoutMs: LOOK_MS });
  assert.match(version, /^12\./, 'that of Debian 12');
  assert.ok(existsSync(join(folder, 'debs.apt', 'state', 'lists')), 'with lists of its own');
});
