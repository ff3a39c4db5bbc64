/** `.ci/run` with another npm and another test run: its lock, its limit, and its last line. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { tempFolder } from '../host/_testing/temp-folder.ts';
import { waitFor } from '../host/wait.ts';

const SCRIPT = readFileSync(path.resolve(import.meta.dirname, '..', '.ci', 'run'), 'utf8');
const DEADLINE_MS = 20_000;
const FAILED = '0 passed, 1 failed, 0 skipped';

/** Prints its sum when it is ended, as scripts/test.ts does. */
const LONG = `trap 'echo 2 passed, 1 failed, 1 skipped; touch test-results/sum; exit 143' TERM
echo begun; while :; do sleep 0.1; done`;
const PASSED = 'echo 3 passed, 0 failed, 0 skipped; touch test-results/sum';

interface Seconds {
  LOCK_WAIT_S?: number;
  LIMIT_S?: number;
  GRACE_S?: number;
}

class Run {
  output = '';
  readonly #child;
  readonly ended: Promise<unknown[]>;

  constructor(script: string, env: NodeJS.ProcessEnv) {
    this.#child = spawn('bash', [script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.output += chunk.toString('utf8');
    });
    this.ended = once(this.#child, 'close');
  }

  get pid(): number {
    return this.#child.pid ?? assert.fail('bash did not start');
  }

  end(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#child.kill(signal);
  }

  async said(line: string): Promise<void> {
    const look = (): true => {
      assert.ok(this.output.split('\n').includes(line), this.output);
      return true;
    };
    await waitFor(look, { what: `${line} in the output of .ci/run`, deadlineMs: DEADLINE_MS });
  }

  /** Exit code and last line. */
  async result(): Promise<[unknown, string | undefined]> {
    const [code] = await this.ended;
    return [code, this.output.trimEnd().split('\n').at(-1)];
  }
}

/** A checkout with the script, an npm that does `ci` and `test`, and a Node that notes commands. */
class Checkout {
  readonly #root: string;
  readonly #context: TestContext;

  constructor(
    context: TestContext,
    { ci = ':', tests = PASSED, ...seconds }: Seconds & { ci?: string; tests?: string },
  ) {
    this.#context = context;
    this.#root = tempFolder(context);
    let script = SCRIPT;
    for (const [name, value] of Object.entries({ LOCK_WAIT_S: 0, ...seconds })) {
      const line = new RegExp(`^readonly ${name}=(?:\\$\\(\\(.*?\\)\\)|\\d+)`, 'm');
      assert.match(script, line);
      script = script.replace(line, `readonly ${name}=${value}`);
    }
    this.#write('.ci/run', script);
    this.#write('bin/npm', `#!/bin/bash\n[ "$1" = test ] || { ${ci}; exit; }\n${tests}\n`);
    this.#write('bin/flock', '#!/bin/sh\necho waiting\nexec env PATH=/usr/bin:/bin flock "$@"\n');
    this.#write('node_modules/.bin/node', '#!/bin/sh\necho "$@" >>called\n');
  }

  #write(file: string, text: string): void {
    mkdirSync(path.dirname(this.#at(file)), { recursive: true });
    writeFileSync(this.#at(file), text, { mode: 0o755 });
  }

  #at(file: string): string {
    return path.join(this.#root, file);
  }

  start(): Run {
    const env = {
      ...process.env,
      PATH: `${this.#at('bin')}:${process.env['PATH'] ?? ''}`,
      PLUMBLINE_STATE: this.#at('state'),
    };
    const run = new Run(this.#at('.ci/run'), env);
    this.#context.after(async () => {
      run.end();
      await run.ended;
    });
    return run;
  }

  /** What was noted: other commands that were given to Node, and what tests wrote there. */
  get called(): string {
    return existsSync(this.#at('called')) ? readFileSync(this.#at('called'), 'utf8') : '';
  }
}

test('should refuse a second run with the name of the first, and end with a sum when ended before the tests began', async (context) => {
  const checkout = new Checkout(context, { ci: 'echo begun; exec sleep 300' });
  const first = checkout.start();
  await first.said('begun');
  const second = checkout.start();
  assert.deepEqual(await second.result(), [75, FAILED]);
  assert.match(second.output, new RegExp(`holds \\S+/state/ci.lock: pid ${first.pid}, since `));
  first.end();
  assert.deepEqual(await first.result(), [143, FAILED]);
});

test('should wait for the first; end at once when ended meanwhile; go on once the first has ended', async (context) => {
  const ci = '[ -e first ] || { touch first; echo begun; exec sleep 300; }';
  const checkout = new Checkout(context, { ci, LOCK_WAIT_S: 60 });
  const first = checkout.start();
  await first.said('begun');
  const second = checkout.start();
  await second.said('waiting');
  const endedMs = performance.now();
  second.end();
  assert.deepEqual(await second.result(), [143, FAILED]);
  assert.ok(performance.now() - endedMs < DEADLINE_MS, 'it waited for the lock');
  const third = checkout.start();
  await third.said('waiting');
  first.end();
  assert.deepEqual(await third.result(), [0, '3 passed, 0 failed, 0 skipped'], third.output);
});

test('should end with the sum of the tests when it is ended, or its terminal is closed, or its limit is reached', async (context) => {
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    const run = new Checkout(context, { tests: LONG }).start();
    await run.said('begun');
    run.end(signal);
    assert.deepEqual(await run.result(), [143, '2 passed, 1 failed, 1 skipped'], signal);
  }
  const limited = new Checkout(context, { tests: LONG, LIMIT_S: 2 });
  assert.deepEqual(await limited.start().result(), [124, '2 passed, 1 failed, 1 skipped']);
  assert.equal(limited.called, '');
});

test('should remove the environment of tests that had to be killed, and none that may be of other tests', async (context) => {
  const deaf = new Checkout(context, { tests: `trap '' TERM; exec sleep 300`, LIMIT_S: 2, GRACE_S: 1 });
  assert.deepEqual(await deaf.start().result(), [137, FAILED]);
  assert.equal(deaf.called, 'cli/plumbline.mjs env down --env local-small\n');
  const refused = new Checkout(context, { tests: `echo '${FAILED}'; exit 75` });
  assert.deepEqual(await refused.start().result(), [75, FAILED]);
  const slow = new Checkout(context, { ci: 'exec sleep 300', LIMIT_S: 1 });
  assert.deepEqual(await slow.start().result(), [1, FAILED]);
  assert.equal(refused.called + slow.called, '');
});

test('should run again although a process that the tests have started is still there', async (context) => {
  const checkout = new Checkout(context, {
    tests: `setsid sleep 300 >/dev/null 2>&1 & echo $! >>called; ${PASSED}`,
  });
  for (const time of ['first', 'second'])
    assert.deepEqual(await checkout.start().result(), [0, '3 passed, 0 failed, 0 skipped'], time);
  const started = checkout.called.trim().split('\n').map(Number);
  assert.equal(started.length, 2);
  for (const pid of started) process.kill(pid, 'SIGKILL');
});
