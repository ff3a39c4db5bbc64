/** Measures whether the memory of the embedded engine grows with the number of requests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NODE_OPTIONS } from '../../load/process/index.ts';
import { measured } from './measured.ts';
import { CONNECTIONS, scriptFor } from './peers.ts';
import { withTarget } from './target.ts';

const FIRST = 1e6;
/** Slightly less than REQUESTS, so that at least one sample, taken once a second, lies between this mark and the end. */
const LAST = 9.9e6;
const REQUESTS = 10e6;
const MOST_GROWTH = 1.1;
const MOST_MS = 3_600_000;

export async function benchMemory(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
  try {
    await withTarget(async (url) => {
      const options = {
        scenarios: {
          all: { executor: 'shared-iterations', vus: CONNECTIONS, iterations: REQUESTS, maxDuration: '1h' },
        },
      };
      const entry = fileURLToPath(new URL('./embedded.ts', import.meta.url));
      const args = [...NODE_OPTIONS, entry, scriptFor(folder, url, options), String(FIRST), String(LAST)];
      const { stdout, cpuSeconds } = await measured(process.execPath, args, MOST_MS);
      const { rssAt, requests } = JSON.parse(stdout) as {
        rssAt: Record<string, number>;
        requests: number;
      };
      const [first = NaN, last = NaN] = [rssAt[String(FIRST)], rssAt[String(LAST)]];
      const ratio = last / first;
      if (!(ratio <= MOST_GROWTH)) process.exitCode = 1;
      console.log(
        `memory after 1 and ${requests / 1e6} million requests: ${first.toFixed(0)} and ${last.toFixed(0)} MiB, ${ratio.toFixed(2)} x (goal ≤ ${MOST_GROWTH}), ${(requests / cpuSeconds).toFixed(0)} requests per CPU-second`,
      );
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
