import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const MODULE = join(import.meta.dirname, 'watchdog.ts');

/** Runs this in a process whose loop may stand still for a second. */
function watched(code: string): { signal: string | null; stderr: string } {
  const script = `import { watchEventLoop } from ${JSON.stringify(MODULE)};
    const end = watchEventLoop(1_000);
    ${code}`;
  const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { signal, stderr };
}

const SPIN = 'const until = Date.now() + 20_000; while (Date.now() < until);';

test('should kill a process whose event loop stands still, and say so', () => {
  const { signal, stderr } = watched(`setTimeout(() => { ${SPIN} }, 100);`);
  assert.deepEqual(
    [signal, stderr],
    ['SIGKILL', 'Plumbline ends itself: its event loop stood still for 1 s.\n'],
  );
});

test('should neither kill a process that only waits, nor keep one from ending', () => {
  assert.deepEqual(watched('setTimeout(() => undefined, 3_000);'), { signal: null, stderr: '' });
});

test('should not kill once it has ended', () => {
  assert.deepEqual(watched('await end(); const until = Date.now() + 3_000; while (Date.now() < until);'), {
    signal: null,
    stderr: '',
  });
});
