/**
 * Measures the accuracy of outage lengths: a proxy in front of a PostgreSQL server is cut for known times, ten times each,
 * and the judge's interval is compared with the length that the proxy measured. `node scripts/accuracy.ts [TIMES]`
 */
import { loadavg } from 'node:os';
import { cutTrial } from '../tests/integration/_helpers/cut-trial.ts';
import type { CutKind, CutResult } from '../tests/integration/_helpers/cut-trial.ts';
import { startPostgres } from '../tests/integration/_helpers/postgres-server.ts';

const LENGTHS_MS = [500, 2000, 5000];
const KINDS: readonly CutKind[] = ['cut', 'drop'];
const times = Number(process.argv[2] ?? 10);

// process.exit, so that the exit handlers also end the server.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
const server = await startPostgres();
try {
  for (const kind of KINDS) {
    const count = kind === 'cut' ? times : Math.ceil(times / 3);
    for (const lengthMs of LENGTHS_MS) {
      const results: CutResult[] = [];
      for (let i = 0; i < count; i++) results.push(await cutTrial(server, { kind, lengthMs }));
      console.log(summary(kind, lengthMs, results));
    }
  }
} finally {
  await server.stop();
}

function summary(kind: CutKind, lengthMs: number, results: CutResult[]): string {
  const widths = results.map(({ record: { rto } }) => (rto === null ? Infinity : rto.hiMs - rto.loMs));
  const delays = results.map(({ record: { rto }, trueMs }) => (rto?.hiMs ?? Infinity) - (trueMs?.loMs ?? 0));
  const inside = results.filter(holds).length;
  const lags = results.map(({ record }) => record.generatorLagMs.atEdges);
  const verdicts = Map.groupBy(results, ({ record }) => record.verdict);
  const counts = [...verdicts].map(([verdict, list]) => `${list.length} ${verdict}`).join(', ');
  const odd = results.find(({ record }) => record.verdict !== 'pass')?.record.reason;
  return [
    `${kind} ${lengthMs} ms: true length inside ${inside} of ${results.length}`,
    `width ms median ${median(widths)} max ${fixed(Math.max(...widths))}`,
    `seen longer by ms median ${median(delays)} max ${fixed(Math.max(...delays))}`,
    `lag at edges ms max ${fixed(Math.max(...lags))}`,
    `${counts}${odd === undefined ? '' : ` (${odd})`}, load ${loadavg()[0]?.toFixed(1)}`,
  ].join(' | ');
}

/** The true length lies somewhere in `trueMs`, so the judge's interval must overlap it. */
function holds({ record: { rto }, trueMs }: CutResult): boolean {
  return rto !== null && trueMs !== null && rto.loMs <= trueMs.hiMs && trueMs.loMs <= rto.hiMs;
}

function median(values: readonly number[]): string {
  return fixed(values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN);
}

function fixed(value: number): string {
  return value.toFixed(1);
}
