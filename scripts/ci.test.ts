/** `.ci/run` with another npm: its lock, and its last line. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

  constructor(
    context: TestContext,
    npm: { readonly ci?: string; readonly test?: string },
    { lockWaitS = 0, limitS = 4_620 }: { readonly lockWaitS?: number; readonly limitS?: number } = {},
  ) {
    for (const folder of ['.ci', 'bin', 'node_modules/.bin']) mkdirSync(this.at(folder), { recursive: true });
    const waits = /^readonly LOCK_WAIT_S=\d+/m;
    const limit = /^readonly LIMIT_S=\S+ \* \S+/m;
    for (const line of [waits, limit]) assert.match(SCRIPT, line);
    const script = SCRIPT.replace(waits, `readonly LOCK_WAIT_S=${lockWaitS}`);
    writeFileSync(this.at('.ci/run'), script.replace(limit, `readonly LIMIT_S=$((${limitS}))`));
    writeFileSync(
      this.at('bin/npm'),
      `#!/bin/sh\ncase $1 in ci) ${npm.ci ?? ':'} ;; test) ${npm.test ?? ':'} ;; esac\n`,
      { mode: 0o755 },
    );
    const flock = '#!/bin/sh\necho waiting\nexec env PATH=/usr/bin:/bin flock "$@"\n';
    writeFileSync(this.at('bin/flock'), flock, { mode: 0o755 });
    writeFileSync(this.at('long.cjs'), LONG_TESTS);
    writeFileSync(this.at('node_modules/.bin/node'), '#!/bin/sh\necho "$@" >>called\n', { mode: 0o755 });
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

  /** Commands of Plumbline that the script itself gave. */
  get called(): string {
    const file = this.at('called');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
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

  end(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#child.kill(signal);
  }

  begun(): Promise<void> {
    return this.#said(/^begun$/m);
  }

  waitingForLock(): Promise<void> {
    return this.#said(/^waiting$/m);
  }

  async #said(line: RegExp): Promise<void> {
    const look = (): true => {
      assert.match(this.output, line);
      return true;
    };
    await waitFor(look, { what: `${line.source} in the output of .ci/run`, deadlineMs: DEADLINE_MS });
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

test('should end at once, with a sum, when it is ended while it waits for the first', async (context) => {
  const checkout = new Checkout(context, { ci: 'echo begun; exec sleep 300' }, { lockWaitS: 60 });
  const first = checkout.start();
  await first.begun();
  const second = checkout.start();
  await second.waitingForLock();
  const endedMs = performance.now();
  second.end();
  assert.equal(await second.exitCode(), 143);
  assert.ok(performance.now() - endedMs < DEADLINE_MS, 'it waited for the lock');
  assert.equal(second.lastLine, '0 passed, 1 failed, 0 skipped');
});

test('should go on with the lock once the first has ended', async (context) => {
  const hold = '[ -e test-results/first ] || { touch test-results/first; echo begun; exec sleep 300; }';
  const checkout = new Checkout(
    context,
    { ci: hold, test: "echo '3 passed, 0 failed, 0 skipped'" },
    { lockWaitS: 60 },
  );
  const first = checkout.start();
  await first.begun();
  const second = checkout.start();
  await second.waitingForLock();
  first.end();
  assert.equal(await second.exitCode(), 0, second.output);
  assert.equal(second.lastLine, '3 passed, 0 failed, 0 skipped');
});

test('should end with the sum of the tests when it is ended while they run, or its terminal is closed', async (context) => {
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    const run = new Checkout(context, { test: 'exec node long.cjs' }).start();
    await run.begun();
    run.end(signal);
    assert.equal(await run.exitCode(), 143, signal);
    assert.equal(run.lastLine, '2 passed, 0 failed, 1 skipped', signal);
  }
});

test('should remove no environment that may be of other tests: not before its own, nor where they had not begun', async (context) => {
  const refused = "echo '0 passed, 1 failed, 0 skipped'; exit 75";
  const beside = new Checkout(context, { test: refused });
  assert.equal(await beside.start().exitCode(), 75);
  assert.equal(beside.called, '');
  const slow = new Checkout(context, { ci: 'exec sleep 300' }, { limitS: 1 });
  const run = slow.start();
  assert.equal(await run.exitCode(), 1, run.output);
  assert.match(run.output, /in the step: npm ci\n0 passed, 1 failed, 0 skipped\n$/);
  assert.equal(slow.called, '');
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
