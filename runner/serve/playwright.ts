import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Handover } from '../../suites/harness/protocol.ts';
import { writeFileDurably } from '../record/run-folder.ts';

/** Root of the checkout: where playwright.config.ts is. */
export const CHECKOUT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface PlaywrightOptions {
  handover: Handover;
  /** Folder of the run: the handover and Playwright's own output are kept there. */
  folder: string;
  /** Distinguishes the batches of one run. */
  batch: string;
  /** Called with the pid as soon as there is one, before Playwright can do anything: the process must be on record. */
  onSpawn(pid: number): Promise<void> | void;
  signal: AbortSignal;
}

/** How Playwright ended; the verdicts come from the judges, never from here. */
export interface PlaywrightEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  log: string;
}

/**
 * Runs Playwright once over the handover's plan, in a session of its own: a terminal's Ctrl-C reaches the runner alone. When
 * the signal fires the whole group is killed; this returns only when it is gone.
 * @throws Error when it cannot be started.
 */
export async function runPlaywright(options: PlaywrightOptions): Promise<PlaywrightEnd> {
  const { folder, batch, handover } = options;
  const file = join(folder, `handover-${batch}.json`);
  writeFileDurably(file, JSON.stringify(handover));
  const log = join(folder, `playwright-${batch}.log`);
  const output = openSync(log, 'a');
  // Held at a gate until it is on record: `read` returns when the runner closes standard input.
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      'read -r gate; exec "$0" "$@"',
      process.execPath,
      cli(),
      'test',
      '--config',
      join(CHECKOUT, 'playwright.config.ts'),
    ],
    {
      cwd: CHECKOUT,
      detached: true,
      stdio: ['pipe', output, output],
      env: { ...playwrightEnvironment(), PLUMBLINE_HANDOVER: file },
    },
  );
  closeSync(output);
  const ended = waitForEnd(child);
  const kill = () => killGroup(child);
  options.signal.addEventListener('abort', kill, { once: true });
  try {
    await spawned(child);
    if (options.signal.aborted) kill();
    else {
      await options.onSpawn(child.pid ?? 0);
      child.stdin?.end('go\n');
    }
    return { ...(await ended), log };
  } finally {
    options.signal.removeEventListener('abort', kill);
    killGroup(child);
  }
}

function cli(): string {
  return createRequire(import.meta.url).resolve('@playwright/test/cli');
}

/** The caller's colours and interactive switches must not reach Playwright; it needs no secrets from other variables either. */
export function playwrightEnvironment(): NodeJS.ProcessEnv {
  const places = ['PATH', 'HOME', 'TMPDIR', 'PLUMBLINE_STATE', 'PLUMBLINE_CACHE', 'PLAYWRIGHT_BROWSERS_PATH'];
  const kept = [...places, 'LANG', 'TZ'];
  const picked = kept.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(picked), FORCE_COLOR: '0', CI: '1' };
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    if (child.pid !== undefined) resolve();
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(new Error(`Playwright cannot be started: ${cause.message}`, { cause })),
    );
  });
}

function waitForEnd(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

/** Kills what is left of the group; the group is ours since we made the session. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
