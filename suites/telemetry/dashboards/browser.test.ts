import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Browser } from '@playwright/test';
import { launchBrowser } from './browser.ts';
import type { Machine } from './browser.ts';

const BROWSER = {} as Browser;
const without = new Error('browserType.launch: [FATAL] No usable sandbox! If this is a container');
const missing = new Error("browserType.launch: Executable doesn't exist at /somewhere/chrome");

/** A machine whose PATH has these programs, and where only they start. */
async function machine(context: TestContext, names: string[], own?: Error, isRoot = true) {
  const folder = await mkdtemp(path.join(tmpdir(), 'plumbline-browser-'));
  context.after(() => rm(folder, { recursive: true }));
  for (const name of names) {
    await writeFile(path.join(folder, name), '');
    await chmod(path.join(folder, name), 0o755);
  }
  const started: (string | undefined)[] = [];
  const given: string[][] = [];
  const sandboxes: boolean[] = [];
  const launch: Machine['launch'] = ({ args, executablePath, chromiumSandbox }) => {
    sandboxes.push(chromiumSandbox);
    given.push(args);
    started.push(executablePath && path.basename(executablePath));
    return executablePath === undefined && own !== undefined && !(own === without && !chromiumSandbox)
      ? Promise.reject(own)
      : Promise.resolve(BROWSER);
  };
  return { path: `/nowhere:${folder}`, launch, started, given, sandboxes, isRoot };
}

test("should take Playwright's own browser, and else the first that is on PATH", async (context) => {
  const own = await machine(context, ['chromium']);
  assert.equal(await launchBrowser({ timeoutMs: 1_000 }, own), BROWSER);
  assert.deepEqual(own.started, [undefined]);
  const found = await machine(context, ['google-chrome', 'chromium'], missing);
  assert.equal(await launchBrowser({ timeoutMs: 1_000 }, found), BROWSER);
  assert.deepEqual(found.started, [undefined, 'chromium']);
});

test('should say what was looked for where there is no browser, and why one does not start', async (context) => {
  const none = await machine(context, ['firefox'], missing);
  await assert.rejects(
    launchBrowser({ timeoutMs: 1_000 }, none),
    /no browser is installed: .*chromium-headless-shell, chromium/,
  );
  const broken = await machine(context, ['chromium'], new Error('crashed'));
  await assert.rejects(launchBrowser({ timeoutMs: 1_000 }, broken), /^Error: crashed$/);
});

test('should reach a host where the environment says it is, and no other', async (context) => {
  const own = await machine(context, []);
  const reach = { url: 'https://grafana.example.test/g', address: '198.18.0.9:8443' };
  await launchBrowser({ timeoutMs: 1_000, reach }, own);
  await launchBrowser({ timeoutMs: 1_000 }, own);
  assert.deepEqual(own.given, [['--host-resolver-rules=MAP grafana.example.test 198.18.0.9:8443'], []]);
});

test('should put pages into a sandbox, unless it is root or the kernel has none to give', async (context) => {
  const user = await machine(context, [], undefined, false);
  await launchBrowser({ timeoutMs: 1_000 }, user);
  const root = await machine(context, []);
  await launchBrowser({ timeoutMs: 1_000 }, root);
  const container = await machine(context, [], without, false);
  assert.equal(await launchBrowser({ timeoutMs: 1_000 }, container), BROWSER);
  assert.deepEqual([user.sandboxes, root.sandboxes, container.sandboxes], [[true], [false], [true, false]]);
});
