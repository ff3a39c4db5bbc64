import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolderIn } from '../../host/_testing/variable.ts';
import type { Target } from './context.ts';
import { beginAgain } from './provision.ts';
import { provisionedHere } from './provisioned.ts';
import { standingStamp, unfinishedStamp, writeStamp } from './state/stamp.ts';
import { emptyState } from './teardown.ts';

const TARGET: Target = {
  instance: 'local',
  size: 'small',
  with: ['ai', 'postgres'],
  binDir: '/programs',
  images: {},
  say: () => undefined,
  signal: undefined,
};

test('provisioning that is interrupted after the removal keeps the stores and the size that were chosen', async (context) => {
  const folder = join(emptyFolderIn(context, 'PLUMBLINE_STATE'), 'local');
  mkdirSync(join(folder, 'nodes'), { recursive: true });
  writeStamp({ ...unfinishedStamp(TARGET), uid: 'u', fingerprint: 'of another version' });
  const interrupted = beginAgain(TARGET, (instance, options) => {
    emptyState(instance, options);
    return Promise.reject(new Error('killed'));
  });
  await assert.rejects(interrupted, /killed/);
  assert.deepEqual(readdirSync(folder), ['stamp.json']);
  const here = provisionedHere('local');
  assert.deepEqual([here.words(), here.size()], [['ai', 'postgres'], 'small']);
  assert.equal(here.uid(), undefined, 'there is no cluster');
  assert.equal(standingStamp('local', 'small'), null);
});
