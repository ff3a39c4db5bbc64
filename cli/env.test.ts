import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolderIn } from '../host/_testing/variable.ts';
import { main } from './main.ts';

test('should take the size that an environment was provisioned with, unless another is asked for', async (context) => {
  const state = emptyFolderIn(context, 'PLUMBLINE_STATE');
  emptyFolderIn(context, 'PLUMBLINE_CACHE');
  const checked = async (...more: string[]): Promise<string> => {
    const out: string[] = [];
    await main(['env', 'check', '--env', 'local', ...more], { out: (text) => out.push(text) });
    return out.at(-1) ?? '';
  };
  const of = (size: string) => new RegExp(`^this machine is (not )?ready for local \\(${size}\\)`);
  assert.match(await checked(), of('full'));
  mkdirSync(join(state, 'local'));
  writeFileSync(join(state, 'local', 'stamp.json'), JSON.stringify({ size: 'small', with: ['postgres'] }));
  assert.match(await checked(), of('small'));
  assert.match(await checked('--size', 'full'), of('full'));
});
