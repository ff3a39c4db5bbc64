import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { aptWords, RELEASE } from './debian-archive.ts';

test('the apt sources of a machine are used only if it runs the release of the images', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-apt-'));
  context.after(() => rm(folder, { recursive: true }));
  assert.deepEqual(await aptWords(folder, { codename: RELEASE }), []);
  assert.deepEqual(await readdir(folder), []);
  for (const codename of ['trixie', 'noble', '']) {
    const words = await aptWords(folder, { codename, mirror: 'http://mirror.test/debian/' });
    assert.ok(words.includes(`Dir::Etc=${join(folder, 'etc')}`), codename);
    assert.ok(words.includes('Dir::State::status=/dev/null'));
  }
  const sources = await readFile(join(folder, 'etc', 'sources.list'), 'utf8');
  assert.deepEqual(
    sources
      .trim()
      .split('\n')
      .map((line) => line.replace(/^deb \[signed-by=\S+\] /, '')),
    [
      'http://mirror.test/debian bookworm main',
      'http://mirror.test/debian bookworm-updates main',
      'http://mirror.test/debian-security bookworm-security main',
    ],
  );
  for (const mirror of [undefined, ''])
    await assert.rejects(
      aptWords(folder, { codename: 'noble', mirror }),
      /need PLUMBLINE_DEBIAN_MIRROR here: this machine runs "noble"/,
    );
});
