import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runControls } from './controls.ts';

const state = mkdtempSync(join(tmpdir(), 'controls-'));
process.env['PLUMBLINE_STATE'] = state;
const options = { check: 'topology/nodes/pools/*', out: join(state, 'runs') };

test('should break nothing on a cluster that env up has not stamped, or stamped with another size', async (t) => {
  const said: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => said.push(text) > 0);
  assert.equal((await runControls(options)).exitCode, 64);
  assert.match(said.join(''), /only on a small cluster that `plumbline env up.*` has stamped; found none/);
  mkdirSync(join(state, 'local-small'), { recursive: true });
  const stamp = { instance: 'local-small', size: 'full', with: ['postgres'], uid: 'u', caSha256: 'c' };
  writeFileSync(join(state, 'local-small', 'stamp.json'), JSON.stringify(stamp));
  assert.equal((await runControls(options)).exitCode, 64);
  assert.match(said.join(''), /has stamped; found full/);
  assert.ok(!readdirSync(state).includes('runs'), 'no run took place');
});
