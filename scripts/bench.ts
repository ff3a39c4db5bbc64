/** Figures of the harness itself, one a line: `npm run bench`. Goals are those of DESIGN.md, "Numbers to reach". */
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { monoMs } from '../probes/clock.ts';
import { writeHeader } from '../probes/history.ts';
import { failoverRecord } from '../reports/judge/failover/index.ts';
import { readHistory } from '../reports/record/read-history.ts';

const OPERATIONS = 1_000_000;
const JUDGING_GOAL_MS = 2000;
const SPACING_MS = 5;
const START_MS = 4_000_000;
/** Every so many writes a second of failures, so that outages, details and sums have much to do. */
const OUTAGE_EVERY = 50_000;
const OUTAGE_LENGTH = 200;
const REPEATS = 3;

const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
try {
  await writeTrial();
  const times: { read: number; judge: number }[] = [];
  for (let i = 0; i < REPEATS; i++) {
    const begin = monoMs();
    const history = await readHistory(folder);
    const read = monoMs();
    const record = failoverRecord(history);
    times.push({ read: read - begin, judge: monoMs() - read });
    if (record.writes?.scheduled !== OPERATIONS)
      throw new Error(`not all operations were judged: ${record.reason}`);
  }
  const total = times.map(({ read, judge }) => read + judge).sort((a, b) => a - b);
  const middle = times.toSorted((a, b) => a.read + a.judge - b.read - b.judge)[REPEATS >> 1];
  say('read and judge 1,000,000 operations', total[REPEATS >> 1] ?? 0, 'ms', JUDGING_GOAL_MS);
  say('  of which reading', middle?.read ?? 0, 'ms');
  say('  of which judging', middle?.judge ?? 0, 'ms');
  say('memory afterwards', process.memoryUsage().rss / 2 ** 20, 'MiB');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function say(name: string, value: number, unit: string, goal?: number): void {
  const against = goal === undefined ? '' : ` (goal ≤ ${goal}: ${value <= goal ? 'met' : 'MISSED'})`;
  console.log(`${name}: ${value.toFixed(0)} ${unit}${against}`);
  if (goal !== undefined && value > goal) process.exitCode = 1;
}

async function writeTrial(): Promise<void> {
  const header = writeHeader(folder, {
    kind: 'header',
    schema: 1,
    check: 'failover/postgres/pod-crash',
    trial: 1,
    environment: 'bench',
    goals: { rtoSeconds: 30, lostWrites: 0 },
    settings: { members: 1, rtoDeadlineMs: 60_000 },
    anchor: { wall: new Date(0).toISOString(), monoMs: START_MS },
  });
  header.observe({ kind: 'fault-armed', t: START_MS + 10_000, fault: 'pod-crash', target: 'postgres-0' });
  header.observe({ kind: 'fault-landed', t: START_MS + 10_001, by: 'bench', proof: 'made up' });
  const present = [[1, OPERATIONS]];
  for (const pass of [1, 2]) {
    header.observe({
      kind: 'readback',
      source: 'postgres-0',
      role: 'leader',
      pass,
      present,
      duplicates: [],
      complete: true,
    });
  }
  await header.close();
  const file = createWriteStream(join(folder, 'workload.ndjson'));
  for (let n = 1; n <= OPERATIONS; n++) {
    if (!file.write(operation(n))) await once(file, 'drain');
  }
  file.end(`${JSON.stringify({ kind: 'workload-end', t: START_MS, scheduled: OPERATIONS })}\n`);
  await finished(file);
}

function operation(n: number): string {
  const due = START_MS + (n - 1) * SPACING_MS;
  const down = n % OUTAGE_EVERY < OUTAGE_LENGTH && n > OUTAGE_LENGTH;
  const line = ['w', n, due, due + 0.213, due + 1.847, down ? 2 : 0];
  return `${JSON.stringify(down ? [...line, 'ECONNRESET'] : line)}\n`;
}
