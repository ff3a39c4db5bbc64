/** The embedded engine: runs k6 scripts in threads of this process. README.md lists the supported parts of k6. */
import type { LoadResult } from '../../../reports/record/details/load-result.ts';
import type { LoadEngine, LoadListener, LoadRequest } from '../engine.ts';
import { LoadRun } from './parent/load-run.ts';
import { packageVersion } from './parent/version.ts';

export class EmbeddedEngine implements LoadEngine {
  readonly name = 'embedded';
  readonly #settings: { threads?: number | undefined; memoryMb?: number | undefined };

  /** @param settings number of threads (default: as many as the load needs, at most one for each core) and heap of each, MiB */
  constructor(settings: { threads?: number; memoryMb?: number } = {}) {
    this.#settings = settings;
  }

  unavailable(): Promise<string | null> {
    return Promise.resolve(null);
  }

  run(request: LoadRequest, listener: LoadListener, signal: AbortSignal): Promise<LoadResult> {
    const settings = { ...this.#settings, version: packageVersion() };
    return new LoadRun(request, listener, { settings, signal }).run();
  }
}
