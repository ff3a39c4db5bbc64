import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { LoadListener, LoadRequest, LoadResult, LoadSecond } from '../engine.ts';
import { K6Engine } from './index.ts';
import { installStandIn, type Installed } from './_testing/install.ts';
import type { Behaviour } from './_testing/stand-in.ts';

const SCRIPT = `
export const options = {
  scenarios: { steady: { executor: 'constant-arrival-rate' } },
};
export default function () {}
`;
const INTERRUPT_MS = 300;

let k6: Installed;
before(async () => {
  k6 = await installStandIn();
});
after(() => k6.remove());

interface Case extends Partial<LoadRequest> {
  behaviour?: Behaviour;
  name?: string;
  source?: string;
  listener?: LoadListener;
  signal?: AbortSignal;
}

async function run(how: Case = {}): Promise<LoadResult> {
  const { behaviour = {}, name = 'a load of spaces.js', source = SCRIPT, listener = {}, ...request } = how;
  const { signal = new AbortController().signal, variables = {}, ...rest } = request;
  return new K6Engine({ path: k6.path, interruptMs: INTERRUPT_MS }).run(
    {
      script: await k6.script(name, source),
      variables: { ...variables, STAND_IN: JSON.stringify(behaviour) },
      limits: { requests: 1000, durationMs: 60_000 },
      ...rest,
    },
    listener,
    signal,
  );
}

describe('finding k6', () => {
  it('should be available where PATH has a k6 2.x', async () => {
    assert.equal(await new K6Engine({ path: k6.path }).unavailable(), null);
  });

  it('should say what to do where there is none', async () => {
    assert.match(
      (await new K6Engine({ path: '/nonexistent' }).unavailable()) ?? '',
      /no k6 on PATH: install k6 2\.x/,
    );
    const result = await new K6Engine({ path: '' }).run(
      { script: '/s.js', variables: {}, limits: { requests: 1, durationMs: 1 } },
      {},
      new AbortController().signal,
    );
    assert.equal(result.outcome, 'failed');
    assert.match(result.reason, /no k6 on PATH/);
  });

  it('should refuse another major version, and what is no k6', async () => {
    for (const [version, expected] of [
      ['1.7.0', /k6 1\.7\.0 at .* is not 2\.x: install/],
      ['3.0.0-rc1', /k6 3\.0\.0-rc1 at .* is not 2\.x/],
      [null, /printed no version of k6 \(something else\)/],
    ] as const) {
      const other = await installStandIn(version);
      assert.match((await new K6Engine({ path: other.path }).unavailable()) ?? '', expected);
      await other.remove();
    }
  });
});

/** A `setpriv` first on PATH that does this, while the body runs. */
async function withSetpriv(script: string, body: () => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-setpriv-'));
  const { PATH } = process.env;
  try {
    await writeFile(join(folder, 'setpriv'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    process.env.PATH = `${folder}:${PATH ?? ''}`;
    await body();
  } finally {
    process.env.PATH = PATH;
    await rm(folder, { recursive: true });
  }
}

const onLinux = { skip: process.platform !== 'linux' };
describe('what kills k6 with the harness', onLinux, () => {
  const unavailable = async (path: string): Promise<string> =>
    (await new K6Engine({ path }).unavailable()) ?? '';

  it('should not be a setpriv that cannot do it, such as that of BusyBox', async () => {
    await withSetpriv('echo "setpriv: unrecognized option: pdeathsig" >&2; exit 1', async () => {
      assert.match(
        await unavailable(k6.path),
        /^no setpriv that can start k6 \(.*\/setpriv: setpriv: unrecognized option: pdeathsig.*install util-linux/s,
      );
      // Where k6 is at fault as well, that is named: there is more to install.
      const other = await installStandIn(null);
      assert.match(await unavailable(other.path), /printed no version of k6/);
      await other.remove();
    });
  });

  it('should start k6, also to ask its version', async () => {
    await withSetpriv('echo k6 v2.9.9', async () => {
      assert.equal(await unavailable(k6.path), '');
      assert.equal((await run()).engineVersion, '2.9.9');
    });
  });
});

describe('a load with k6', () => {
  it('should make a whole result of the samples, from a script whose path has spaces', async () => {
    const told: LoadSecond[] = [];
    const result = await run({
      behaviour: { failing: 2, dropped: 3, interrupted: 1 },
      listener: { second: (second) => told.push(second) },
    });
    assert.deepEqual([result.outcome, result.reason], ['completed', '']);
    const { engine, engineVersion, stubbed, latencyFrom, sent } = result;
    assert.deepEqual([engine, engineVersion, stubbed, latencyFrom, sent], ['k6', '2.2.0', false, 'sent', []]);
    const { requests, offered, iterations, interrupted, dropped } = result;
    assert.deepEqual([requests, offered, iterations, interrupted, dropped], [20, 24, 20, 1, 3]);
    assert.deepEqual(result.checks, [{ name: 'status is 200', group: '::reading', passes: 18, fails: 2 }]);
    assert.deepEqual(result.errors, ['2 × 1212: dial: connection refused']);
    assert.equal(result.startedAt, '2026-01-01T00:00:00.050Z');
    assert.equal(result.durationMs, 2000, 'by the rate that k6 gives');
    assert.deepEqual(told, result.seconds);
    const sums = result.seconds.map((one) => [one.requests, one.started, one.offered, one.dropped]);
    assert.deepEqual(sums, [
      [10, 11, 11, 0],
      [10, 9, 12, 3],
    ]);
    assert.deepEqual(
      result.seconds.map(({ latency }) => latency),
      [
        [[bucket(50), 10]],
        [
          [0, 2],
          [bucket(50), 8],
        ],
      ],
    );
  });

  it('should hand on the variables and nothing of its own environment, and run beside the script', async () => {
    const logged: string[] = [];
    process.env.PLUMBLINE_TEST_SECRET = 'of the harness';
    await run({
      variables: { RATE: '5' },
      ca: 'PEM',
      listener: { log: (level, text) => logged.push(`${level} ${text}`) },
    });
    delete process.env.PLUMBLINE_TEST_SECRET;
    const [line = ''] = logged;
    const env = JSON.parse(line.slice('info '.length)) as Record<string, string>;
    assert.equal(env.RATE, '5');
    assert.equal(env.cwd, k6.path, 'the folder of the script');
    assert.match(env.SSL_CERT_FILE ?? '', /ca\.pem$/);
    // The shell that starts the stand-in sets PWD and similar variables.
    assert.ok(!('PLUMBLINE_TEST_SECRET' in env) && !('USER' in env));
    assert.ok(!(env.PATH ?? '').includes('node_modules'));
  });

  it('should leave no folder behind', async () => {
    const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('plumbline-k6-'));
    const before = folders();
    await run();
    assert.deepEqual(
      folders().filter((name) => !before.includes(name)),
      [],
    );
  });
});

/** The result's bucket for a duration in ms. */
function bucket(ms: number): number {
  const units = ms * 1000;
  const width = 2 ** (Math.floor(Math.log2(units)) - 10);
  return Math.floor(units / width) * width;
}

describe('a k6 that does not end well', () => {
  it('should map exit codes to outcomes with the error that k6 logged', async () => {
    for (const [exit, outcome, reason] of [
      [107, 'failed', /threw outside an iteration: Error: setup saw 503/],
      [108, 'aborted', /exec\.test\.abort\): Error: setup saw 503/],
      [104, 'failed', /refuses the options/],
      [255, 'failed', /exit code 255: Error: setup saw 503/],
    ] as const) {
      const result = await run({
        behaviour: { exit, logs: [['error', 'Error: setup saw 503\n\tat setup (file:///s.js:1:1)']] },
      });
      assert.equal(result.outcome, outcome);
      assert.match(result.reason, reason);
      assert.equal(result.requests, 20, 'the record is complete');
    }
  });

  it('should tell an early end by a threshold from thresholds that were crossed at the end', async () => {
    const message =
      "thresholds on metrics 'http_req_duration' were crossed; at least one has abortOnFail enabled, stopping test prematurely";
    const result = await run({ behaviour: { exit: 99, logs: [['error', message]] } });
    assert.equal(result.outcome, 'aborted');
    assert.match(result.reason, /abortOnFail/);
  });

  it('should say when the script does not load', async () => {
    const result = await run({ name: 'broken.js', source: 'export default function ( {' });
    assert.equal(result.outcome, 'failed');
    assert.match(result.reason, /^the script does not load.*SyntaxError/);
    assert.deepEqual(result.seconds, []);
  });

  it('should count errors that iterations threw', async () => {
    const thrown: [string, string, string] = [
      'error',
      'TypeError: no tender\n\tat default (file:///s.js:3:4)',
      'stacktrace',
    ];
    const result = await run({ behaviour: { logs: [thrown, thrown] } });
    assert.equal(result.outcome, 'completed');
    assert.deepEqual(result.errors, ['2 × TypeError: no tender']);
  });

  it('should be interrupted, with its record, when it has to be stopped', async () => {
    const abort = new AbortController();
    const result = await run({
      behaviour: { hang: 'until SIGINT', interrupted: 4 },
      signal: abort.signal,
      listener: { log: () => abort.abort() },
    });
    assert.deepEqual([result.outcome, result.reason], ['interrupted', 'the load was interrupted']);
    assert.equal(result.requests, 20);
    assert.equal(result.interrupted, 4);
  });

  it('should be killed when it does not stop after SIGINT', async () => {
    const abort = new AbortController();
    const result = await run({
      behaviour: { hang: 'deaf' },
      signal: abort.signal,
      listener: { log: () => abort.abort() },
    });
    assert.equal(result.outcome, 'interrupted');
    assert.match(result.reason, /did not stop in time and was killed/);
  });

  it('should be killed when it lasts longer than it may', async () => {
    const result = await run({ behaviour: { hang: 'deaf' }, limits: { requests: 100, durationMs: 1500 } });
    assert.equal(result.outcome, 'interrupted');
    assert.match(result.reason, /exceeded its limit of 1500 ms: k6 was killed/);
  });

  it('should be killed when it sends more than it may, and not when it sends just as much', async () => {
    const within = await run({ limits: { requests: 20, durationMs: 60_000 } });
    assert.equal(within.outcome, 'completed');
    const beyond = await run({ behaviour: { hang: 'deaf' }, limits: { requests: 19, durationMs: 60_000 } });
    assert.equal(beyond.outcome, 'interrupted');
    assert.match(beyond.reason, /exceeded its limit of 19 requests/);
  });

  it('should not start when it was aborted before', async () => {
    assert.equal((await run({ signal: AbortSignal.abort() })).outcome, 'interrupted');
  });

  it('should fail when something else killed it', async () => {
    const result = await run({ behaviour: { killSelf: true, stderr: 'runtime: cannot allocate memory\n' } });
    assert.equal(result.outcome, 'failed');
    assert.match(result.reason, /killed by SIGKILL \(out of memory\?\)/);
    assert.equal(result.requests, 20);
  });

  it('should not complete without a summary, nor with one that counts other requests', async () => {
    for (const summary of ['none', 'cut off'] as const) {
      const result = await run({ behaviour: { summary } });
      assert.equal(result.outcome, 'failed');
      assert.match(result.reason, /without a summary/);
    }
    const result = await run({ behaviour: { summary: 'other count' } });
    assert.match(result.reason, /counted 27 requests, but its samples have 20/);
  });

  it('should count lines that were cut off, and use the others', async () => {
    const result = await run({ behaviour: { raw: '{"metric":"http_reqs","type":"Point","data":{"ti' } });
    assert.equal(result.outcome, 'completed');
    assert.deepEqual(result.errors, ['1 × lines of k6’s output that are not samples']);
  });

  it('should keep the values of secret variables out of all that it says', async () => {
    const secret = 'hunter2/x y"z';
    const logged: string[] = [];
    const result = await run({
      variables: { TOKEN: secret },
      secrets: ['TOKEN'],
      behaviour: {
        exit: 107,
        logs: [
          ['info', `token ${secret}`, 'console'],
          ['error', `refused ${secret} at /?t=${encodeURIComponent(secret)}`],
        ],
      },
      listener: { log: (_level, text) => logged.push(text) },
    });
    assert.match(result.reason, /refused \[TOKEN\] at \/\?t=\[TOKEN\]/);
    assert.equal(logged[0], 'token [TOKEN]');
    assert.doesNotMatch(JSON.stringify([result, logged]), /hunter2/);
  });

  it('should refuse variables that would change k6 itself', async () => {
    for (const name of ['K6_VUS', 'SSL_CERT_FILE', 'HTTPS_PROXY', 'not a name'])
      assert.match((await run({ variables: { [name]: 'x' } })).reason, /variable/);
  });
});
