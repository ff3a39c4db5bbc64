/** One trial against Redis and Sentinel on this machine: the real workload, driver, history, reader and judge. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { anchor, monoMs } from '../../probes/clock.ts';
import { openHistory, writeHeader } from '../../probes/history.ts';
import { redis } from '../../probes/redis/index.ts';
import { recordGoverning } from '../../probes/store-driver.ts';
import { startWorkload } from '../../probes/workload/process.ts';
import type { WorkloadProcess } from '../../probes/workload/process.ts';
import { failoverRecord } from '../../reports/judge/failover/index.ts';
import { readHistory } from '../../reports/record/read-history.ts';
import type { FailoverRecord } from '../../reports/record/run-record.ts';
import type { RedisCluster } from './redis-cluster.ts';

const BEFORE_MS = 1500;
const STEADY_MS = 5200;
const DEADLINE_MS = 40_000;
const STOP_MS = 10_000;

export interface RedisTrial {
  fault: string;
  goals: Record<string, unknown>;
  /** Hurts the leader; returns when that is certain. */
  hurt(leader: string): Promise<void> | void;
  heal(leader: string): Promise<void> | void;
}

let trials = 0;

export async function redisTrial(cluster: RedisCluster, trial: RedisTrial): Promise<FailoverRecord> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-redis-trial-'));
  try {
    await observed(cluster, trial, folder);
    return failoverRecord(await readHistory(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The name under which the last trial wrote. */
export function lastRun(): string {
  return `redis-${process.pid}-${trials}`;
}

async function observed({ target }: RedisCluster, trial: RedisTrial, folder: string): Promise<void> {
  trials++;
  const { fault, goals } = trial;
  const settings = { members: 3, rtoDeadlineMs: DEADLINE_MS };
  const head = { check: `failover/redis/${fault}`, trial: 1, environment: 'test', goals, settings };
  const check = writeHeader(folder, { kind: 'header', schema: 1, ...head, anchor: anchor() });
  const steady = await redis.waitSteady(target, { deadlineMs: DEADLINE_MS });
  check.observe({ kind: 'steady', ...steady });
  const governing = openHistory(folder, 'governing.ndjson');
  await recordGoverning(
    redis,
    target,
    { fault, write: (one) => governing.observe(one) },
    { deadlineMs: 2000 },
  );
  await governing.close();
  const phases = openHistory(folder, 'phases.ndjson');
  const observer = redis.observe(target, { write: (one) => phases.observe(one) });
  const workload = startWorkload({
    store: 'redis',
    history: folder,
    run: lastRun(),
    connection: target.connection,
  });
  try {
    await workload.ready;
    await sleep(BEFORE_MS);
    const leader = steady.leader ?? '';
    const faults = openHistory(folder, 'faults.ndjson');
    faults.observe({ kind: 'fault-armed', fault, target: leader });
    await trial.hurt(leader);
    faults.observe({ kind: 'fault-acted' });
    faults.observe({ kind: 'fault-landed', by: 'signal', proof: `${fault} of ${leader}` });
    await faults.close();
    if (!(await flowsAgain(workload))) check.observe({ kind: 'deadline', rtoDeadlineMs: DEADLINE_MS });
    await trial.heal(leader);
    const after = await redis.waitSteady(target, { deadlineMs: DEADLINE_MS });
    // A member that joins costs writes on a busy machine: the recording must not end in the middle of that.
    await flowsAgain(workload);
    await workload.stop(STOP_MS);
    const readback = openHistory(folder, 'readback.ndjson');
    const request = { run: lastRun(), write: readback.observe.bind(readback) };
    await redis.readBack(target, request, { deadlineMs: 20_000 });
    await readback.close();
    await observer.stop();
    check.observe({ kind: 'steady-after', ...after });
    check.observe({ kind: 'end' });
  } finally {
    await workload.stop(STOP_MS);
    await observer.stop();
    await phases.close();
    await check.close();
  }
}

/** Whether writes have succeeded for so long that they are steady again. */
async function flowsAgain(workload: WorkloadProcess): Promise<boolean> {
  const hurtMs = monoMs();
  while (monoMs() < hurtMs + DEADLINE_MS) {
    const seen = workload.progress();
    const lastOkMs = seen?.lastOkMs ?? 0;
    const bad = Math.max(seen?.lastNotOkMs ?? 0, hurtMs);
    if (seen !== null && lastOkMs > bad + STEADY_MS && seen.t - lastOkMs < 500) return true;
    await sleep(50);
  }
  return false;
}
