import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readBaseline } from './baseline.ts';

test('should let a first night and a new version run without a baseline, and refuse a wrong name', (t) => {
  const runs = mkdtempSync(join(tmpdir(), 'plumbline-baseline-'));
  t.after(() => {
    rmSync(runs, { recursive: true });
  });
  assert.deepEqual(readBaseline(join(runs, 'latest'), 'runs'), {
    missing: `not compared: there is no ${join(runs, 'latest')} yet`,
  });
  mkdirSync(join(runs, 'older'));
  writeFileSync(join(runs, 'older', 'run.json'), '{"schema":1}');
  const older = readBaseline(join(runs, 'older'), 'runs');
  assert.match('missing' in older ? older.missing : '', /^not compared with .*a run record of version 1/);
  assert.throws(() => readBaseline('lastest', runs), { exitCode: 64 });
  writeFileSync(join(runs, 'older', 'run.json'), '{');
  assert.throws(() => readBaseline('older', runs), { exitCode: 64 });
});
