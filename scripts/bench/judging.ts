/** Measures how fast histories of long trials are read and judged. */
import { HISTORY_SCHEMA } from '../../reports/record/history/history.ts';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { monoMs } from '../../host/clock.ts';
import { writeHeader } from '../../probes/history.ts';
// Registers the declarations of stores, which judges need.
import '../../probes/declared-stores.ts';
import { judgeFailover } from '../../suites/failover/_judge/index.ts';
import { readHistory } from '../../reports/record/history/read-history.ts';
import { contentsOf, linesOf, SHAPES } from './shapes.ts';
import type { Shape } from './shapes.ts';

/** Writes of a trial. The reads between them are additional. */
const WRITES = 1_000_000;
/** 1,000,000 operations in 2 s. */
const GOAL_PER_SECOND = 500_000;
const START_MS = 4_000_000;
const REPEATS = 3;

export async function benchJudging(): Promise<void> {
  for (const shape of SHAPES) await measure(shape);
  say('memory afterwards', process.memoryUsage().rss / 2 ** 20, 'MiB');
}

/** Durations in ms. `cpu` is processor time, which does not increase with other load on the machine. */
interface Measured {
  read: number;
  judge: number;
  cpu: number;
  operations: number;
}

/** Reads and judges a long trial of that store several times, and reports the median. */
async function measure(shape: Shape): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
  try {
    await writeTrial(folder, shape);
    const times: Measured[] = [];
    for (let i = 0; i < REPEATS; i++) times.push(await readAndJudge(folder, shape));
    const middle = times.toSorted((a, b) => a.read + a.judge - b.read - b.judge)[REPEATS >> 1];
    if (middle === undefined) return;
    const perSecond = (middle.operations / (middle.read + middle.judge)) * 1000;
    const met = perSecond >= GOAL_PER_SECOND;
    if (!met) process.exitCode = 1;
    const against = `goal ≥ ${GOAL_PER_SECOND}: ${met ? 'met' : 'MISSED'}`;
    say(`${shape.store}: operations read and judged`, perSecond, `a second (${against})`);
    say('  reading', middle.read, 'ms');
    say('  judging', middle.judge, 'ms');
    say('  processor time of both', middle.cpu, 'ms');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function readAndJudge(folder: string, { store }: Shape): Promise<Measured> {
  const before = process.cpuUsage();
  const begin = monoMs();
  const history = await readHistory(folder);
  const read = monoMs();
  const judgement = judgeFailover([history]);
  const end = monoMs();
  const { user, system } = process.cpuUsage(before);
  const scheduled = judgement.trials?.[0]?.writes?.scheduled;
  if (scheduled !== WRITES) throw new Error(`${store}: not all operations were judged: ${judgement.reason}`);
  return {
    read: read - begin,
    judge: end - read,
    cpu: (user + system) / 1000,
    operations: history.writes.count + history.reads.count,
  };
}

function say(name: string, value: number, unit: string): void {
  console.log(`${name}: ${value.toFixed(0)} ${unit}`);
}

async function writeTrial(folder: string, shape: Shape): Promise<void> {
  const { store, members } = shape;
  const header = writeHeader(folder, {
    kind: 'header',
    schema: HISTORY_SCHEMA,
    check: `failover/${store}/pod-crash`,
    trial: 1,
    environment: 'bench',
    goals: { rtoSeconds: 60, lostWrites: 0, minTrials: 1 },
    settings: { members, rtoDeadlineMs: 120_000 },
    anchor: { wall: new Date(0).toISOString(), monoMs: START_MS },
  });
  const faultMs = START_MS + 10_000;
  const target = `${store}-0`;
  const member = { name: target, uid: 'none', node: null, found: 'nothing' };
  header.observe({ kind: 'fault-armed', t: faultMs, fault: 'pod-crash', target, members: [member] });
  header.observe({
    kind: 'fault-landed',
    t: faultMs + 1,
    by: 'processes gone',
    proof: 'made up',
    hit: [{ uid: 'none', node: null }],
    betweenMs: [faultMs, faultMs + 1],
  });
  const contents = contentsOf(shape, WRITES);
  const sources = Array.from({ length: members }, (_, i) => `${store}-${i}`);
  header.observe({ kind: 'readback-plan', run: 'bench', sources });
  for (const [i, source] of sources.entries())
    for (const pass of i === 0 ? ([1, 2] as const) : ([1] as const))
      header.observe({
        kind: 'readback',
        source,
        role: i === 0 ? 'leader' : 'member',
        pass,
        ...contents,
        complete: true,
      });
  await header.close();
  const file = createWriteStream(join(folder, 'client-load.ndjson'));
  for (let n = 1; n <= WRITES; n++) if (!file.write(linesOf(shape, n, START_MS))) await once(file, 'drain');
  file.end(`${JSON.stringify({ kind: 'client-load-end', t: START_MS, scheduled: WRITES })}\n`);
  await finished(file);
}
