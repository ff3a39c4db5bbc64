import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { tempFolder } from '../host/_testing/temp-folder.ts';

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

/** @returns what a command ends with whose output goes to a device that is full */
async function intoFull(...argv: string[]): Promise<{ code: number | null; errors: string }> {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [join(import.meta.dirname, 'plumbline.mjs'), ...argv], {
    stdio: ['ignore', full, 'pipe'],
  });
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [code] = (await once(child, 'close')) as [number | null];
  closeSync(full);
  return { code, errors };
}

test('should keep the exit code of a run, which may have to restore, when its output takes nothing more', async () => {
  assert.deepEqual(await intoFull('run', '--env', 'local', '--dry-run'), { code: 0, errors: '' });
});

test('should end with 3 and one line when what a command is to print cannot be written', async () => {
  const { code, errors } = await intoFull('list');
  assert.equal(code, 3);
  assert.match(errors, /^what was printed is not whole: ENOSPC: .*\n$/);
});

test('should end with 3 when a file took only the beginning of what was printed', (context) => {
  const file = join(tempFolder(context), 'rules.yaml');
  const command = [process.execPath, join(import.meta.dirname, 'plumbline.mjs'), 'rules', '--env', 'staging'];
  const { status, stderr } = spawnSync('sh', ['-c', 'ulimit -f 1; exec "$@" > "$0"', file, ...command], {
    encoding: 'utf8',
    // What it compiled is not to be kept in parts.
    env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' },
  });
  assert.equal(status, 3, stderr);
  assert.match(stderr, /^what was printed is not whole: EFBIG: .*\n$/);
  assert.ok(statSync(file).size > 0);
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
    status: 64,
    said: `plumbline cannot be loaded: Cannot find package 'no-such-package'. ${INSTALL}`,
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
