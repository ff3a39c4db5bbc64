/** The embedded engine: runs asynchronous k6 scripts in this process. README.md lists the part of k6 that it has. */
import type { LoadEngine, LoadListener, LoadRequest, LoadResult } from '../engine.ts';
import { Load } from './load.ts';
import { readOptions } from './options.ts';
import { loadScript } from './script.ts';

let isBusy = false;

export class EmbeddedEngine implements LoadEngine {
  readonly name = 'embedded';

  unavailable(): Promise<string | null> {
    return Promise.resolve(null);
  }

  /** @throws Error while another load runs: `__ENV` and `console` are the process's */
  async run(request: LoadRequest, listener: LoadListener, signal: AbortSignal): Promise<LoadResult> {
    if (isBusy) throw new Error('the embedded engine runs one load in a process at a time');
    isBusy = true;
    const { console } = globalThis;
    globalThis.console = consoleOf(listener);
    try {
      return await new Load(request, listener, signal).run();
    } finally {
      globalThis.console = console;
      isBusy = false;
    }
  }
}

/** What the checks that start a scenario give it; its address and contract come from the environment. */
const GIVEN = {
  RATE: '2',
  START_RATE: '1',
  DURATION: '1s',
  RAMP_UP: '1s',
  HOLD: '1s',
  RAMP_DOWN: '1s',
  MAX_VUS: '1',
};

/**
 * Loads a script without running it.
 * @throws Error naming what this engine has not, or why no check can use the script
 */
export async function checkScript(path: string): Promise<void> {
  const { scenarios } = readOptions(await loadScript(path, { ...GIVEN }));
  if (scenarios.some((one) => !('preAllocatedVUs' in one)))
    throw new Error(
      'a check needs a load with an arrival rate (RATE, DURATION), however fast the platform answers',
    );
}

/** What a script logs is for people: standard output may be another's. */
function consoleOf(listener: LoadListener): Console {
  const saying =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (...parts: unknown[]): void =>
      listener.log?.(
        level,
        parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' '),
      );
  const made = { ...globalThis.console };
  return Object.assign(made, {
    log: saying('info'),
    info: saying('info'),
    debug: saying('debug'),
    warn: saying('warn'),
    error: saying('error'),
  });
}
