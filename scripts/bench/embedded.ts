/** Runs one scenario on the embedded engine and prints its result: `node scripts/bench/embedded.ts SCRIPT [RSS_AT…]`. */
import { EmbeddedEngine } from '../../load/engines/embedded/index.ts';
import { quantileMs } from '../../reports/judge/slo/histogram.ts';

const [script = '', ...marks] = process.argv.slice(2);
/** Resident memory after that number of requests, MiB. */
const rssAt: Record<string, number> = {};
const left = marks.map(Number);
let requests = 0;

function second(of: { requests: number }): void {
  requests += of.requests;
  while (left[0] !== undefined && requests >= left[0])
    rssAt[String(left.shift())] = process.memoryUsage().rss / 2 ** 20;
}

const limits = { requests: 2 ** 31 - 1, durationMs: 3_600_000 };
const result = await new EmbeddedEngine().run(
  { script, variables: {}, limits },
  { second },
  new AbortController().signal,
);
if (result.outcome !== 'completed') throw new Error(result.reason);
const [p50, p99] = [0.5, 0.99].map((quantile) => quantileMs(result.sent, quantile));
process.stdout.write(JSON.stringify({ requests: result.requests, p50, p99, rssAt }));
