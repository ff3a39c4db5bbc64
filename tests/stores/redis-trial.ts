/** One trial against Redis and Sentinel on this machine. */
import { redis } from '../../probes/redis/index.ts';
import type { FailoverRecord } from '../../reports/record/run-record.ts';
import type { RedisGroup } from './redis-sentinel.ts';
import { storeTrial } from './store-trial.ts';
import type { StoreTrial } from './store-trial.ts';

/** A second and a half of writes, three times what the judge asks for. */
const ACKNOWLEDGED = 300;
const DEADLINE_MS = 40_000;

export type RedisTrial = Pick<StoreTrial, 'fault' | 'goals' | 'inject' | 'heal'>;

let trials = 0;

export async function redisTrial({ target }: RedisGroup, trial: RedisTrial): Promise<FailoverRecord> {
  trials++;
  const limits = { acknowledged: ACKNOWLEDGED, deadlineMs: DEADLINE_MS };
  return await storeTrial({ driver: redis, target, members: 3, run: lastRun(), ...limits, ...trial });
}

/** The name under which the last trial wrote. */
export function lastRun(): string {
  return `redis-${process.pid}-${trials}`;
}
