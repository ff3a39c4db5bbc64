/** One trial against a store on this machine: the real client load, driver, history, reader and judge. */
import { HISTORY_SCHEMA } from '../../reports/record/history/history.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anchor, monoMs } from '../../host/clock.ts';
import { lookUntil } from '../../host/wait.ts';
import { openHistory, writeHeader } from '../../probes/history.ts';
import { recordGoverning } from '../../probes/store/store-driver.ts';
import type { StoreDriver, StoreTarget } from '../../probes/store/store-driver.ts';
import { startClientLoad } from '../../probes/client-load/process.ts';
import type { ClientLoadProcess } from '../../probes/client-load/process.ts';
import { trialRecord } from '../trial-record.ts';
import { readHistory } from '../../reports/record/history/read-history.ts';
import type { FailoverRecord } from '../../reports/record/run-record.ts';
import { armed, landed } from '../fault-lines.ts';
import { isMet } from '../../runner/targets/client-load-group.ts';

const STEADY_MS = 5200;
const STOP_MS = 10_000;

export interface StoreTrial {
  driver: StoreDriver;
  target: StoreTarget;
  members: number;
  fault: string;
  goals: Record<string, unknown>;
  /** Marks the writes of this trial. */
  run: string;
  /** Acknowledged writes to wait for before the fault. */
  acknowledged: number;
  deadlineMs: number;
  ratePerSecond?: number;
  /** Injects the fault into the leader; returns when that is certain. */
  inject(leader: string): Promise<void> | void;
  /** After writes flow again: heals, and does what the read-back is to find. */
  heal(leader: string): Promise<void> | void;
}

export async function storeTrial(trial: StoreTrial): Promise<FailoverRecord> {
  const folder = mkdtempSync(join(tmpdir(), `plumbline-${trial.driver.store}-trial-`));
  try {
    await observed(trial, folder);
    return trialRecord(await readHistory(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function observed(trial: StoreTrial, folder: string): Promise<void> {
  const { driver, target, members, fault, goals, run, deadlineMs } = trial;
  const settings = { members, rtoDeadlineMs: deadlineMs };
  const head = { check: `failover/${driver.store}/${fault}`, trial: 1, environment: 'test', goals, settings };
  const check = writeHeader(folder, { kind: 'header', schema: HISTORY_SCHEMA, ...head, anchor: anchor() });
  const steady = await driver.waitSteady(target, { deadlineMs });
  check.observe({ kind: 'steady', ...steady });
  const governing = openHistory(folder, 'governing.ndjson');
  const write = governing.observe.bind(governing);
  await recordGoverning(driver, target, { fault, write }, { deadlineMs: 5000 });
  await governing.close();
  const phases = openHistory(folder, 'phases.ndjson');
  const observer = driver.observe(target, { run, write: (one) => phases.observe(one) });
  const { ratePerSecond = 200 } = trial;
  const { store } = driver;
  const clientLoad = startClientLoad({
    store,
    history: folder,
    run,
    connection: target.connection,
    ratePerSecond,
  });
  try {
    await clientLoad.ready;
    await until(deadlineMs, () => (clientLoad.progress()?.ok ?? 0) >= trial.acknowledged);
    const leader = steady.leader ?? '';
    const faults = openHistory(folder, 'faults.ndjson');
    const injected = { fault, target: leader };
    faults.observe(armed(injected));
    const sinceMs = monoMs();
    await trial.inject(leader);
    for (const seen of landed(injected, sinceMs)) faults.observe(seen);
    await faults.close();
    const flows = await flowsAgain(clientLoad, deadlineMs);
    if (!flows) check.observe({ kind: 'deadline', rtoDeadlineMs: deadlineMs, detail: 'not steady' });
    await trial.heal(leader);
    const after = await driver.waitSteady(target, { deadlineMs });
    // A member that joins costs writes on a busy machine: the recording must not end in the middle of that.
    if (flows) await flowsAgain(clientLoad, deadlineMs);
    await clientLoad.stop(STOP_MS);
    const readback = openHistory(folder, 'readback.ndjson');
    await driver.readBack(target, { run, write: readback.observe.bind(readback) }, { deadlineMs: 30_000 });
    await readback.close();
    await observer.stop();
    check.observe({ kind: 'steady-after', ...after });
    check.observe({ kind: 'end' });
  } finally {
    await clientLoad.stop(STOP_MS);
    await observer.stop();
    await phases.close();
    await check.close();
  }
}

/** Whether writes have succeeded, from now on, for so long that they are steady again before the deadline; the judge says what that means. */
export function flowsAgain(clientLoad: ClientLoadProcess, deadlineMs: number): Promise<boolean> {
  const moments = { askedMs: monoMs(), openUntilMs: 0 };
  return until(deadlineMs, () => {
    const seen = clientLoad.progress();
    return seen !== null && isMet({ until: 'steady', stretchMs: STEADY_MS }, seen, moments);
  });
}

function until(deadlineMs: number, holds: () => boolean): Promise<boolean> {
  return lookUntil(holds, (held) => held, { deadlineMs, intervalMs: 50 });
}
