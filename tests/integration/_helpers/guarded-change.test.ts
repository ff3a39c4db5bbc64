import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { waitFor } from '../../../host/wait.ts';
import { guardedChange } from './guarded-change.ts';

const MODULE = pathToFileURL(join(import.meta.dirname, 'guarded-change.ts')).href;

/** A file that stands for the change. */
function scratch(context: { after: (work: () => void) => void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-guarded-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'changed');
}

test('should undo the change when asked to', async (context) => {
  const file = scratch(context);
  const undo = await guardedChange(`touch ${file}`, `rm ${file}`);
  assert.equal(existsSync(file), true);
  await undo();
  assert.equal(existsSync(file), false);
});

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`should undo the change when ${signal} ends the process group that made it`, async (context) => {
    const file = scratch(context);
    const script = `const { guardedChange } = await import('${MODULE}');
      await guardedChange('touch ${file}', 'rm ${file}');
      console.log('changed');`;
    const argv = ['--input-type=module', '--eval', script];
    const child = spawn(process.execPath, argv, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    assert.equal(existsSync(file), true);
    assert.ok(child.pid);
    process.kill(-child.pid, signal);
    await waitFor(
      () => {
        assert.equal(existsSync(file), false);
        return true;
      },
      { what: 'the undoing of the change', intervalMs: 50, deadlineMs: 20_000 },
    );
  });
}

test('should undo what was made of a change that failed, and say why', async (context) => {
  const file = scratch(context);
  const change = `touch ${file}; echo it broke >&2; false; echo gone too far`;
  await assert.rejects(guardedChange(change, `rm ${file}`), /^Error: not changed: it broke$/);
  assert.equal(existsSync(file), false);
});

test('should say why a change could not be undone', async (context) => {
  const undo = await guardedChange('true', `rm ${scratch(context)}`);
  await assert.rejects(undo(), /not undone \(exit 1\).*rm: .*changed/s);
});
