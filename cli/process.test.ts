import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

test('should keep the exit code of the command when its output is closed', async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'plumbline.mjs'), 'list'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(errors, '');
  assert.equal(code, 0);
});

test('should restore and keep its exit code when its output takes nothing more', async () => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [join(import.meta.dirname, 'plumbline.mjs'), 'list'], {
    stdio: ['ignore', full, full],
  });
  const [code] = (await once(child, 'close')) as [number | null];
  closeSync(full);
  assert.equal(code, 0);
});

test('should exit with the code for a harness error, not for a failed check, when an error is uncaught', async () => {
  const code = `
    const { main } = await import(${JSON.stringify(join(import.meta.dirname, 'main.ts'))});
    await main(['--version']);
    Promise.reject(new Error('nobody catches this'));`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  assert.equal(exitCode, 3);
  assert.match(errors, /Error: nobody catches this/);
});

/** A checkout without packages whose program imports one. @returns what starting it with these options of Node ends with */
function startedBare(context: TestContext, installed: readonly string[], ...options: string[]) {
  const checkout = mkdtempSync(join(tmpdir(), 'plumbline-bare-'));
  context.after(() => {
    rmSync(checkout, { recursive: true });
  });
  mkdirSync(join(checkout, 'cli'));
  for (const file of installed) {
    const path = join(checkout, 'node_modules', file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '');
  }
  const program = join(checkout, 'cli', 'plumbline.mjs');
  copyFileSync(join(import.meta.dirname, 'plumbline.mjs'), program);
  writeFileSync(
    join(checkout, 'cli', 'main.ts'),
    "import 'no-such-package';\nexport const main = () => 0;\n",
  );
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const { status, stderr } = spawnSync(process.execPath, [...options, program], { encoding: 'utf8', env });
  return { status, said: stderr.replaceAll(checkout, 'CHECKOUT') };
}

const INSTALL = 'Run `npm ci` in CHECKOUT first, then this command again.\n';

test('should name `npm ci`, and no stack, where packages are not installed', (context) => {
  assert.deepEqual(startedBare(context, []), {
    ...{ status: 64, said: `plumbline cannot be loaded: Cannot find package 'no-such-package'. ${INSTALL}` },
  });
});

const OLD = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })";

test('should not tell the user of an older Node to type again what was typed', (context) => {
  const older = (...installed: string[]) =>
    startedBare(context, installed, '--import', `data:text/javascript,${OLD}`);
  const before = 'plumbline needs Node.js 24 or newer, this is 20.20.2. ';
  assert.deepEqual(older(), { status: 64, said: `${before}${INSTALL}` });
  const { status, said } = older('.package-lock.json', '.bin/node');
  assert.deepEqual(
    [status, said.startsWith(`${before}Run \`npx plumbline\` or \`npm start\` in CHECKOUT`)],
    [64, true],
  );
  assert.match(older('.package-lock.json').said, /brings one for Linux .* alone: install it\.\n$/);
});
