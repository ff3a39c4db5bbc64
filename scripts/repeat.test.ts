import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { fixtureCheck, fixtureRecord } from '../reports/render/_testing/fixture.ts';
import { runStep } from './running/steps.ts';

const SCRIPT = resolve(import.meta.dirname, 'repeat.ts');

test('a series whose runs all exist already is reported without another run', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-repeat-'));
  context.after(() => {
    rmSync(folder, { recursive: true });
  });
  for (const [id, verdict] of [
    ['a', 'pass'],
    ['b', 'fail'],
  ] as const) {
    mkdirSync(join(folder, id));
    const record = fixtureRecord([fixtureCheck('odd', { verdict, reason: 'as it was' })], { id });
    writeFileSync(join(folder, id, 'run.json'), JSON.stringify(record));
    writeFileSync(join(folder, id, 'pressure.json'), '{"pressure":null}');
  }
  // This run was interrupted before its pressure was written, so it does not count.
  mkdirSync(join(folder, 'c'));
  writeFileSync(join(folder, 'c', 'run.json'), '{');
  const told = await runStep([process.execPath, SCRIPT, '--runs', '2', '--env', 'none', '--out', folder]);
  assert.equal(told.exitCode, 1, 'one of them failed');
  const text = readFileSync(join(folder, 'repeat.txt'), 'utf8');
  assert.match(text, /odd: 1 pass, 1 fail/);
});
