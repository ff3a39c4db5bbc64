/** A headless browser: Playwright's own if installed, otherwise the distribution's. */
import { chromium } from '@playwright/test';
import type { Browser } from '@playwright/test';
import { BROWSERS } from '../../../env/local/machine/packages.ts';
import { pathOf } from '../../../host/run.ts';

export interface Machine {
  /** Folders with programs, as PATH has them. */
  path: string;
  launch: (options: {
    timeout: number;
    args: string[];
    chromiumSandbox: boolean;
    executablePath?: string;
  }) => Promise<Browser>;
  isRoot: boolean;
}

const LEAVES_SIGNALS = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };

const HERE: Machine = {
  isRoot: process.getuid?.() === 0,
  path: process.env['PATH'] ?? '',
  // Playwright would end this process at a signal, before anything is undone.
  launch: (options) => chromium.launch({ ...options, ...LEAVES_SIGNALS }),
};

/** Playwright's error when its own browser is not installed. */
const NOT_INSTALLED = /executable doesn't exist/i;

export interface Launch {
  timeoutMs: number;
  /** The host in this URL is reached at `address` (host:port) instead of where its name leads. */
  reach?: { url: string; address: string };
}

/** What Chromium says where the kernel gives it no namespaces for its sandbox, as in most containers. */
const NO_SANDBOX = /no usable sandbox|failed to move to new namespace/i;

/**
 * Chromium in its sandbox, where it can have one: pages of dashboards are others' scripts. For root it has none.
 * @throws Error where there is no browser, or where it does not start within the time
 */
export async function launchBrowser(
  { timeoutMs, reach }: Launch,
  { path, launch, isRoot }: Machine = HERE,
): Promise<Browser> {
  const args =
    reach === undefined ? [] : [`--host-resolver-rules=MAP ${new URL(reach.url).hostname} ${reach.address}`];
  const started = async (program: { executablePath?: string }): Promise<Browser> => {
    const options = { timeout: timeoutMs, args, ...program };
    try {
      return await launch({ ...options, chromiumSandbox: !isRoot });
    } catch (error) {
      if (isRoot || !(error instanceof Error) || !NO_SANDBOX.test(error.message)) throw error;
    }
    return await launch({ ...options, chromiumSandbox: false });
  };
  try {
    return await started({});
  } catch (error) {
    if (!(error instanceof Error) || !NOT_INSTALLED.test(error.message)) throw error;
  }
  const found = BROWSERS.map((name) => pathOf(name, path)).find((file) => file !== undefined);
  if (found === undefined)
    throw new Error(
      `no browser is installed: neither Playwright's own (npx playwright install chromium) nor, on PATH, ${BROWSERS.join(', ')}`,
    );
  return await started({ executablePath: found });
}
