import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolderIn } from '../../host/_testing/variable.ts';
import { isThere, stateOf } from './status.ts';
import { unfinishedStamp, writeStamp } from './state/stamp.ts';

test('an instance is there once it had a cluster, or while processes of it run, and not by what was chosen alone', (context) => {
  mkdirSync(join(emptyFolderIn(context, 'PLUMBLINE_STATE'), 'local'));
  const there = (runs: boolean): boolean => isThere('local', () => runs);
  assert.deepEqual([there(false), there(true)], [false, true], 'never provisioned');
  const unfinished = unfinishedStamp({ instance: 'local', size: 'small', with: ['postgres'] });
  writeStamp(unfinished);
  assert.deepEqual([there(false), there(true)], [false, true], 'ended before there was a cluster');
  writeStamp({ ...unfinished, uid: 'u' });
  assert.deepEqual([there(false), there(true)], [true, true], 'without its platform');
});

test('false verdict 26: what is whole but for its Services is not up', (context) => {
  mkdirSync(join(emptyFolderIn(context, 'PLUMBLINE_STATE'), 'local'));
  const stamp = {
    ...unfinishedStamp({ instance: 'local', size: 'small', with: ['postgres'] }),
    uid: 'u',
    fingerprint: 'f',
  };
  writeStamp(stamp);
  const withServices = (services: string[]): string =>
    stateOf({
      instance: 'local',
      stamp,
      holder: null,
      nodes: [{ name: 'worker-1', running: true, ready: true }],
      loadBalancer: true,
      registry: true,
      apiReachable: true,
      services,
    });
  assert.deepEqual([withServices([]), withServices(['from worker-1, no answer'])], ['up', 'partial']);
});
