/** A browser without a screen: Playwright's own where it was installed, else what the distribution brought. */
import { chromium } from '@playwright/test';
import type { Browser } from '@playwright/test';
import { BROWSERS } from '../../env/local/packages.ts';
import { pathOf } from '../../env/local/run.ts';

interface Machine {
  /** Folders with programs, as PATH has them. */
  path: string;
  launch: (options: { timeout: number; executablePath?: string }) => Promise<Browser>;
}

const HERE: Machine = {
  path: process.env['PATH'] ?? '',
  launch: (options) => chromium.launch(options),
};

/** What Playwright says of its own browser where it was never installed. */
const NOT_INSTALLED = /executable doesn't exist/i;

/** @throws Error where there is none, or where it does not start within the time */
export async function launchBrowser(timeoutMs: number, { path, launch }: Machine = HERE): Promise<Browser> {
  try {
    return await launch({ timeout: timeoutMs });
  } catch (error) {
    if (!(error instanceof Error) || !NOT_INSTALLED.test(error.message)) throw error;
  }
  const found = BROWSERS.map((name) => pathOf(name, path)).find((file) => file !== undefined);
  if (found === undefined)
    throw new Error(`none is installed: neither Playwright's own nor, on PATH, ${BROWSERS.join(', ')}`);
  return await launch({ timeout: timeoutMs, executablePath: found });
}
