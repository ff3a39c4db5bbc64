import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { HISTORY_SCHEMA } from './history.ts';
import { readHistory } from './read-history.ts';

export interface ReadMeasurement {
  operations: number;
  bytes: number;
  readMs: number;
  operationsPerSecond: number;
}

/** An outage in the middle, so that a judge has something to find: this share of the run. */
const OUTAGE_FROM = 0.5;
const OUTAGE_SHARE = 0.01;

/**
 * Writes a failover history of `operations` operations (half writes, half reads, 200 of each a second) into `folder`.
 * @returns its size in bytes
 */
export async function writeLargeHistory(folder: string, operations: number): Promise<number> {
  await mkdir(folder, { recursive: true });
  const header = {
    kind: 'header',
    schema: HISTORY_SCHEMA,
    check: 'failover/postgres/pod-crash',
    trial: 1,
    environment: 'bench',
    goals: { rtoSeconds: 1e6, lostWrites: 0, minTrials: 1 },
    settings: {},
    anchor: { wall: '2026-01-01T00:00:00.000Z', monoMs: 0 },
  };
  await writeFile(join(folder, 'check.ndjson'), `${JSON.stringify(header)}\n`);
  const out = createWriteStream(join(folder, 'workload.ndjson'));
  const pairs = Math.floor(operations / 2);
  for (let from = 0; from < pairs; from += 5000) {
    const text = block(from, Math.min(from + 5000, pairs), pairs);
    if (!out.write(text)) await new Promise<void>((resolve) => out.once('drain', resolve));
  }
  out.end();
  await finished(out);
  return out.bytesWritten;
}

function block(from: number, to: number, pairs: number): string {
  let text = '';
  for (let index = from; index < to; index += 1) {
    const share = index / pairs;
    const down = share >= OUTAGE_FROM && share < OUTAGE_FROM + OUTAGE_SHARE;
    const intended = 1_000_000 + index * 5;
    const sent = Math.round((intended + 0.137 + (index % 7) / 100) * 1000) / 1000;
    const done = Math.round((sent + 1.2 + (index % 13) / 10) * 1000) / 1000;
    const tail = down ? '2,"ECONNREFUSED"]\n' : '0]\n';
    text += `["w",${index + 1},${intended},${sent},${done},${tail}["r",${index + 1},${intended},${sent},${done},${tail}`;
  }
  return text;
}

/** Measures reading alone, on a history in a folder of its own that is removed afterwards. */
export async function measureReadHistory(operations = 1_000_000): Promise<ReadMeasurement> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-bench-'));
  try {
    const bytes = await writeLargeHistory(folder, operations);
    const before = performance.now();
    const history = await readHistory(folder);
    const readMs = performance.now() - before;
    const count = history.writes.count + history.reads.count;
    return { operations: count, bytes, readMs, operationsPerSecond: (count / readMs) * 1000 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
