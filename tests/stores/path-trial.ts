/** One trial whose clients come to PostgreSQL by several paths: real client loads, history, reader and judge. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anchor, monoMs } from '../../host/clock.ts';
import { openHistory, writeHeader } from '../../probes/history.ts';
import type { ClientLoadInput } from '../../probes/client-load/config.ts';
import { postgres } from '../../probes/postgres/index.ts';
import type { StoreConnection, StoreTarget } from '../../probes/store/store-driver.ts';
import { trialRecord } from '../trial-record.ts';
import { HISTORY_SCHEMA } from '../../reports/record/history/history.ts';
import { readHistory } from '../../reports/record/history/read-history.ts';
import type { FailoverRecord, Interval } from '../../reports/record/run-record.ts';
import { ClientLoadGroup } from '../../runner/targets/client-load-group.ts';
import type { PathAddress } from '../../runner/targets/client-load-group.ts';
import { armed, landed } from '../fault-lines.ts';

const STOP_MS = 10_000;
const STEADY_MS = 5200;
const DEADLINE_MS = 30_000;

export interface PathTrial {
  run: string;
  connection: StoreConnection;
  paths: PathAddress[];
  /** What each load does otherwise than usual. */
  load?: Pick<ClientLoadInput, 'ratePerSecond' | 'connections' | 'maxConnections'>;
  /** Injects the fault, and sees to it that every path is served again. */
  inject: () => Promise<void>;
  /** Once nobody writes any more: heals, and says whose copies of the main load's writes are read back. Left out: only RTOs are looked at. */
  heal?: () => Promise<StoreTarget>;
}

/** A trial without what the runner does around it. */
export async function pathTrial({
  run,
  connection,
  paths,
  load = {},
  inject,
  heal,
}: PathTrial): Promise<FailoverRecord> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-paths-'));
  const declared = Object.fromEntries(
    paths.map(({ name, host, port, alternatives }) => [name, [{ host, port }, ...alternatives]]),
  );
  const check = writeHeader(folder, {
    kind: 'header',
    schema: HISTORY_SCHEMA,
    check: 'failover/postgres/cut',
    trial: 1,
    environment: 'test',
    goals: { rtoSeconds: 10, lostWrites: 0 },
    settings: {
      members: 3,
      rtoDeadlineMs: DEADLINE_MS,
      stores: { postgres: { members: 3, paths: declared } },
    },
    anchor: anchor(),
  });
  const group = new ClientLoadGroup(
    { store: 'postgres', history: folder, run, connection, ...load },
    { paths, onStart: () => undefined },
  );
  const { signal } = new AbortController();
  const steady = { check: 'cut', until: 'steady', stretchMs: STEADY_MS, timeoutMs: DEADLINE_MS } as const;
  try {
    await group.start(STOP_MS);
    const flows = await group.wait({ ...steady, stretchMs: 1500 }, signal);
    assert.ok(flows.met, flows.detail);
    const faults = openHistory(folder, 'faults.ndjson');
    const injected = { fault: 'cut', target: 'a path' };
    faults.observe(armed(injected));
    const sinceMs = monoMs();
    await inject();
    for (const seen of landed(injected, sinceMs)) faults.observe({ ...seen, t: sinceMs });
    await faults.close();
    const back = await group.wait(steady, signal);
    assert.ok(back.met, back.detail);
    await group.stop(STOP_MS);
    if (heal !== undefined) await readBack(folder, run, await heal());
    check.observe({ kind: 'end' });
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('path-')),
      paths.map(({ name }) => `path-${name}`).toSorted(),
    );
    return trialRecord(await readHistory(folder));
  } finally {
    await group.stop(STOP_MS);
    await check.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function readBack(folder: string, run: string, target: StoreTarget): Promise<void> {
  const history = openHistory(folder, 'readback.ndjson');
  await postgres.readBack(
    target,
    { run, write: (seen) => history.observe(seen) },
    { deadlineMs: DEADLINE_MS },
  );
  await history.close();
}

/** @throws AssertionError where the path has no RTO */
export function pathOf({ paths = [] }: FailoverRecord, name: string): { rto: Interval } {
  const found = paths.find((path) => path.name === name);
  assert.ok(found?.rto, `${name}: ${found?.rtoNote ?? 'no record'}`);
  return { rto: found.rto };
}

export const shown = ({ loMs, hiMs }: Interval): string => `[${loMs.toFixed(1)}, ${hiMs.toFixed(1)}] ms`;
