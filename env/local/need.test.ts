import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolderIn } from '../../host/_testing/variable.ts';
import type { ClusterSize } from './nodes/addressing.ts';
import { needOf } from './need.ts';
import { unfinishedStamp, writeStamp } from './state/stamp.ts';

test('an environment that is up in another size needs memory and disk like one that is not up', async (context) => {
  const state = emptyFolderIn(context, 'PLUMBLINE_STATE');
  emptyFolderIn(context, 'PLUMBLINE_CACHE');
  mkdirSync(join(state, 'local'));
  const words = ['postgres'];
  writeStamp({ ...unfinishedStamp({ instance: 'local', size: 'small', with: words }), fingerprint: 'f' });
  const need = (size: ClusterSize) => needOf({ instance: 'local', size, words });
  const small = { instance: 'local', size: 'small', built: false, hasDebian: false, up: true };
  assert.deepEqual(await need('small'), small);
  assert.equal((await need('full')).up, false);
});
