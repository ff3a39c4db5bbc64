import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolderIn } from '../../../host/_testing/variable.ts';
import { bootId } from '../../../host/process-identity.ts';
import {
  isStanding,
  readStamp,
  sha256,
  sourcesFingerprint,
  standingStamp,
  unfinishedStamp,
  writeStamp,
} from './stamp.ts';
import type { Stamp } from './stamp.ts';

function scratch(context: { after: (work: () => void) => void }): string {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-stamp-'));
  context.after(() => {
    rmSync(dir, { recursive: true });
  });
  return dir;
}

test('moving the border between two parts changes the hash', () => {
  assert.notEqual(sha256('ab', 'c'), sha256('a', 'bc'));
  assert.equal(sha256('ab', 'c'), sha256('ab', 'c'));
});

test('the name and content of a source change the hash; a test does not', (context) => {
  const dir = scratch(context);
  writeFileSync(join(dir, 'a.ts'), 'one');
  const first = sourcesFingerprint([dir]);
  writeFileSync(join(dir, 'a.test.ts'), 'anything');
  assert.equal(sourcesFingerprint([dir]), first);
  writeFileSync(join(dir, 'a.ts'), 'two');
  const second = sourcesFingerprint([dir]);
  assert.notEqual(second, first);
  writeFileSync(join(dir, 'b.ts'), '');
  assert.notEqual(sourcesFingerprint([dir]), second);
});

test('an environment stands when it was provisioned to the end, and since the last boot', () => {
  const stamp: Stamp = {
    instance: 'local-small',
    size: 'small',
    with: [],
    uid: 'u',
    caSha256: 'c',
    fingerprint: 'f',
    createdAt: '2026-11-24T17:00:00.000Z',
    bootId: bootId(),
  };
  assert.ok(isStanding(stamp));
  assert.ok(!isStanding({ ...stamp, fingerprint: null }), 'its platform was never complete');
  assert.ok(!isStanding({ ...stamp, bootId: 'another' }));
  assert.ok(!isStanding(null));
});

test('an environment that is being provisioned does not stand, and one that stands does so in its size alone', (context) => {
  const dir = emptyFolderIn(context, 'PLUMBLINE_STATE');
  mkdirSync(join(dir, 'local'));
  const unfinished = unfinishedStamp({ instance: 'local', size: 'small', with: ['postgres'] });
  writeStamp(unfinished);
  assert.equal(standingStamp('local', 'small'), null);
  const stamp: Stamp = { ...unfinished, fingerprint: 'f' };
  writeStamp(stamp);
  assert.deepEqual(standingStamp('local', 'small'), stamp);
  assert.equal(standingStamp('local', 'full'), null);
});

test('a stamp is read as it was written; a missing or truncated one is null', (context) => {
  const dir = emptyFolderIn(context, 'PLUMBLINE_STATE');
  assert.equal(readStamp('local-small'), null);
  mkdirSync(join(dir, 'local-small'));
  const stamp: Stamp = {
    instance: 'local-small',
    size: 'small',
    with: ['postgres'],
    uid: 'u',
    caSha256: 'c',
    fingerprint: 'f',
    createdAt: '2026-11-24T17:00:00.000Z',
    bootId: 'b',
  };
  writeStamp(stamp);
  assert.deepEqual(readStamp('local-small'), stamp);
  writeFileSync(join(dir, 'local-small/stamp.json'), '{"instance":');
  assert.equal(readStamp('local-small'), null);
});
