/** `.ci/run` with another npm: its lock, and its last line. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { waitFor } from '../host/wait.ts';

const SCRIPT = readFileSync(path.resolve(import.meta.dirname, '..', '.ci', 'run'), 'utf8');
const DEADLINE_MS = 20_000;

/** As scripts/test.ts: says what its pid is, and prints its sum when it is ended. */
const LONG_TESTS = `require('fs').writeFileSync('test-results/progress.json', JSON.stringify({ step: 'check', pid: process.pid }));
process.on('SIGTERM', () => { console.log('2 passed, 0 failed, 1 skipped'); process.exit(143); });
setInterval(() => {}, 1e6);
console.log('begun');`;

/** A checkout with the script and an npm that runs these commands. */
class Checkout {
  readonly root = mkdtempSync(path.join(tmpdir(), 'plumbline-ci-'));
  readonly #runs: Run[] = [];

  constructor(context: TestContext, npm: { readonly ci?: string; readonly test?: string }) {
    for (const folder of ['.ci', 'bin', 'node_modules/.bin']) mkdirSync(this.at(folder), { recursive: true });
    const unwaited = SCRIPT.replace(/^readonly LOCK_WAIT_S=\d+/m, 'readonly LOCK_WAIT_S=0');
    assert.notEqual(unwaited, SCRIPT);
    writeFileSync(this.at('.ci/run'), unwaited);
    writeFileSync(
      this.at('bin/npm'),
      `#!/bin/sh\ncase $1 in ci) ${npm.ci ?? ':'} ;; test) ${npm.test ?? ':'} ;; esac\n`,
      { mode: 0o755 },
    );
    writeFileSync(this.at('long.cjs'), LONG_TESTS);
    symlinkSync('/bin/true', this.at('node_modules/.bin/node'));
    context.after(() => this.#remove());
  }

  at(file: string): string {
    return path.join(this.root, file);
  }

  start(): Run {
    const bin = [this.at('bin'), path.dirname(process.execPath), process.env['PATH'] ?? ''];
    const env = { ...process.env, PATH: bin.join(':'), PLUMBLINE_STATE: this.at('state') };
    const run = new Run(this.at('.ci/run'), env);
    this.#runs.push(run);
    return run;
  }

  /** Pids of what the tests have started and left. */
  get started(): number[] {
    const file = this.at('started');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
  }

  async #remove(): Promise<void> {
    for (const run of this.#runs) run.end();
    for (const run of this.#runs) await run.exitCode();
    for (const pid of this.started) process.kill(pid, 'SIGKILL');
    rmSync(this.root, { recursive: true });
  }
}

class Run {
  output = '';
  readonly #child: ChildProcessByStdio<null, Readable, null>;
  readonly #ended: Promise<unknown[]>;

  constructor(script: string, env: NodeJS.ProcessEnv) {
    this.#child = spawn('bash', [script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.output += chunk.toString('utf8');
    });
    this.#ended = once(this.#child, 'close');
  }

  get pid(): number {
    assert.ok(this.#child.pid);
    return this.#child.pid;
  }

  async begun(): Promise<void> {
    const look = (): true => {
      assert.match(this.output, /^begun$/m);
      return true;
    };
    await waitFor(look, { what: 'the begin of .ci/run', deadlineMs: DEADLINE_MS });
  }

  end(): void {
    this.#child.kill('SIGTERM');
  }

  async exitCode(): Promise<unknown> {
    const [code] = await this.#ended;
    return code;
  }

  get lastLine(): string | undefined {
    return this.output.trimEnd().split('\n').at(-1);
  }
}

test('should refuse a second run with the name of the first, and end with a sum when ended before the tests began', async (context) => {
  const checkout = new Checkout(context, { ci: 'echo begun; exec sleep 300' });
  const first = checkout.start();
  await first.begun();
  const second = checkout.start();
  assert.equal(await second.exitCode(), 75);
  assert.match(second.output, new RegExp(`holds \\S+/state/ci.lock: pid ${first.pid}, since `));
  assert.equal(second.lastLine, '0 passed, 1 failed, 0 skipped');
  first.end();
  assert.equal(await first.exitCode(), 143);
  assert.equal(first.lastLine, '0 passed, 1 failed, 0 skipped');
});

test('should end with the sum of the tests when it is ended while they run', async (context) => {
  const run = new Checkout(context, { test: 'exec node long.cjs' }).start();
  await run.begun();
  run.end();
  assert.equal(await run.exitCode(), 143);
  assert.equal(run.lastLine, '2 passed, 0 failed, 1 skipped');
});

test('should run again although a process that the tests have started is still there', async (context) => {
  const started = 'setsid sleep 300 >/dev/null 2>&1 & echo $! >>started';
  const checkout = new Checkout(context, { test: `${started}; echo '3 passed, 0 failed, 0 skipped'` });
  for (const time of ['first', 'second']) {
    const run = checkout.start();
    assert.equal(await run.exitCode(), 0, `${time}: ${run.output}`);
    assert.equal(run.lastLine, '3 passed, 0 failed, 0 skipped');
  }
  for (const pid of checkout.started) assert.equal(process.kill(pid, 0), true);
  assert.equal(checkout.started.length, 2);
});
