/** Starts the runner as a process of its own, which `npx playwright test` asks for every check, and ends it afterwards. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CHECKOUT } from '../../host/paths.ts';
import { SOCKET } from './messages.ts';

const LOOK_EVERY_MS = 100;

/**
 * The runner has a session of its own, so that Ctrl-C reaches Playwright alone; when its standard input ends, because the tests are over or because
 * Playwright is gone, it undoes what it did, writes its reports and ends.
 * @returns what ends it
 * @throws Error when it ends before a check can be run, such as for an environment that cannot be reached
 */
async function startRunner(): Promise<() => Promise<void>> {
  // Not in the run's folder, which may be too deep: a socket's path has 107 characters at most.
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-'));
  const socket = join(folder, 'runner.sock');
  const { PLUMBLINE_ENV: env = '' } = process.env;
  const runner = spawn(process.execPath, [join(CHECKOUT, 'cli/plumbline.mjs'), 'run', '--env', env], {
    stdio: ['pipe', 2, 2],
    detached: true,
    env: { ...process.env, [SOCKET]: socket },
  });
  const exited = once(runner, 'exit');
  process.env[SOCKET] = socket;
  while (!existsSync(socket) && isRunning(runner)) await Promise.race([exited, sleep(LOOK_EVERY_MS)]);
  const end = async (): Promise<void> => {
    runner.stdin?.end();
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  if (isRunning(runner)) return end;
  await end();
  throw new Error(
    `Plumbline ended with exit code ${String(runner.exitCode)} before it ran a check: see above`,
  );
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

// eslint-disable-next-line no-restricted-exports -- Playwright takes a global setup from the default export of its file and from nowhere else
export default startRunner;
