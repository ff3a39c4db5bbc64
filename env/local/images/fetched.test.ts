import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { jarOf, lockText, parseMavenLock, pomOf } from './fetched.ts';
import type { Artifact } from './fetched.ts';

const SHA = 'ab'.repeat(32);

test('should read artifacts with their digests, and name a line that is malformed', () => {
  const [plain, special] = parseMavenLock(
    `# made by hand\n${SHA} org.example:lib-a:1.2.3\n\n${SHA} org.example:lib-b:4.5.Final:linux-x86_64\n`,
  );
  assert.deepEqual(plain, {
    group: 'org.example',
    name: 'lib-a',
    version: '1.2.3',
    classifier: undefined,
    sha256: SHA,
  });
  assert.equal(jarOf(plain as Artifact), 'lib-a-1.2.3.jar');
  assert.equal(jarOf(special as Artifact), 'lib-b-4.5.Final-linux-x86_64.jar');
  assert.throws(() => parseMavenLock('org.example:lib-a:1.2.3'), /seen "org\.example:lib-a:1\.2\.3"/);
  assert.throws(() => parseMavenLock(`${SHA} org.example:lib-a`), /expected "SHA-256/);
});

test('should ask Maven for the locked artifacts without their dependencies', () => {
  const pom = pomOf(parseMavenLock(`${SHA} org.example:lib-a:1.2.3:classes`));
  assert.match(pom, /<version>1\.2\.3<\/version><classifier>classes<\/classifier><exclusions>.*\*/);
});

test('should hold only lock files that can be read, each artifact once', async () => {
  for (const lock of await readdir(join(import.meta.dirname, 'locks'))) {
    const text = await lockText(lock);
    if (lock.endsWith('.txt')) assert.match(text, /--hash=sha256:[0-9a-f]{64}/, lock);
    else {
      const jars = parseMavenLock(text).map(jarOf);
      assert.ok(jars.length > 0, lock);
      assert.equal(new Set(jars).size, jars.length, lock);
    }
  }
});
